"""Reads every Delta table of a lake with the deltalake package: tests/components/deltalake.sh run THIS ...; see compare.py."""

import os
import sys

import compare
import pyarrow
import pyarrow.types as kinds
from deltalake import DeltaTable


def read(path):
    table = DeltaTable(path)
    rows = table.to_pyarrow_table()
    columns = [(field.name, kind_of(field.type)) for field in rows.schema]
    values = [column_values(rows.column(field.name), field.type) for field in rows.schema]
    return compare.Table(table.version(), columns, list(zip(*values)))


def column_values(column, kind):
    values = column.to_pylist()
    # A map comes as pairs; Ingot shows it as an object.
    return [value if value is None else dict(value) for value in values] if kinds.is_map(kind) else values


def kind_of(kind):
    for is_kind, result in [
        (kinds.is_timestamp, compare.TIMESTAMP), (kinds.is_integer, compare.INTEGER), (kinds.is_floating, compare.FLOAT),
        (kinds.is_decimal, compare.DECIMAL), (kinds.is_boolean, compare.BOOLEAN), (kinds.is_date, compare.DATE),
        (kinds.is_binary, compare.BINARY), (kinds.is_large_binary, compare.BINARY), (kinds.is_nested, compare.NESTED),
    ]:
        if is_kind(kind):
            return result
    return compare.TEXT


if __name__ == "__main__":
    try:
        status = compare.run("deltalake", read)
    except SystemExit as exit_of:
        status = exit_of.code
    except pyarrow.ArrowException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    # The package's threads can end an interpreter that shuts down in order with an abort.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
