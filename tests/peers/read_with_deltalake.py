"""Reads every Delta table of a lake with the deltalake package and compares its rows with what Ingot says.

usage: tests/components/deltalake.sh run tests/peers/read_with_deltalake.py --lake LAKE [--project DIR] [--ingot BINARY]
           [--table LAYER.NAME]... [--print N]

One line a table: name, version, rows, `same` or what differs. --print shows the first rows. Without --ingot nothing is compared.
Exit status: 0 all same, 1 something differs or cannot be read, 2 bad use. Rows are compared as bags: order does not count, null
and the empty text differ, times are instants, decimals and floats are compared as numbers."""

import argparse
import collections
import csv
import datetime
import decimal
import io
import json
import os
import subprocess
import sys

import pyarrow
import pyarrow.types as kinds
from deltalake import DeltaTable

csv.field_size_limit(1 << 30)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", required=True)
    parser.add_argument("--project")
    parser.add_argument("--ingot")
    parser.add_argument("--table", action="append", default=[])
    parser.add_argument("--print", type=int, default=0, dest="shown")
    parser.add_argument("--param", action="append", default=[])
    options = parser.parse_args()
    names = options.table or tables_of(options.lake)
    if not names:
        print(f"no Delta table in {options.lake}", file=sys.stderr)
        return 1
    results = [check(name, options) for name in names]
    print(f"{sum(results)} of {len(results)} tables read" + (" and equal" if options.ingot else ""), flush=True)
    return 0 if all(results) else 1


def tables_of(lake):
    found = []
    for layer in sorted(os.listdir(lake)):
        folder = os.path.join(lake, layer)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if os.path.isdir(os.path.join(folder, name, "_delta_log")):
                found.append(f"{layer}.{name}")
    return found


def check(name, options):
    try:
        table = DeltaTable(os.path.join(options.lake, *name.split(".")))
        rows = table.to_pyarrow_table()
    except Exception as error:  # What the other reader says is the finding.
        print(f"{name}: cannot be read: {type(error).__name__}: {error}", flush=True)
        return False
    finding = difference(name, rows, options) if options.ingot else ""
    verdict = finding or ("same" if options.ingot else "read")
    print(f"{name}: version {table.version()}, {rows.num_rows} rows, {verdict}", flush=True)
    for row in rows.slice(0, options.shown).to_pylist():
        print("  " + json.dumps(row, default=str, ensure_ascii=False))
    return not finding


def difference(name, theirs, options):
    """What differs; empty when nothing does."""
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    fields = list(theirs.schema)
    select = ", ".join(expression(field) for field in fields)
    command = [options.ingot]
    if options.project:
        command += ["-C", options.project]
    for param in options.param:
        command += ["--param", param]
    command += ["--lake", options.lake, "sql", "--format", "csv", f"select {select} from {quoted}"]
    answer = subprocess.run(command, capture_output=True, check=False)
    if answer.returncode != 0:
        return f"ingot says: {answer.stderr.decode('utf-8', 'replace').strip()}"
    lines = list(csv.reader(io.StringIO(answer.stdout.decode("utf-8"), newline="")))
    ours = collections.Counter(tuple(our_value(text, f.type) for text, f in zip(line, fields)) for line in lines[1:])
    columns = [[their_value(value, field.type) for value in theirs.column(field.name).to_pylist()] for field in fields]
    other = collections.Counter(zip(*columns))
    if ours == other:
        return ""
    extra, lacking = ours - other, other - ours
    example = next(iter(lacking or extra))
    return f"{sum(extra.values())} rows only ingot has, {sum(lacking.values())} only deltalake has, such as {example!r}"


def expression(field):
    """SQL text in which null is N and a value begins with V, so that CSV keeps them apart."""
    column = '"' + field.name.replace('"', '""') + '"'
    if kinds.is_timestamp(field.type):
        text = f"epoch_us({column})"
    elif kinds.is_nested(field.type):
        text = f"to_json({column})"
    elif kinds.is_binary(field.type) or kinds.is_large_binary(field.type):
        text = f"hex({column})"
    else:
        text = column
    return f"case when {column} is null then 'N' else 'V' || ({text})::varchar end as {column}"


def our_value(text, kind):
    if text == "N":
        return None
    value = text[1:]
    if kinds.is_timestamp(kind) or kinds.is_integer(kind):
        return int(value)
    if kinds.is_floating(kind):
        return float(value)
    if kinds.is_decimal(kind):
        return decimal.Decimal(value)
    if kinds.is_boolean(kind):
        return {"true": True, "false": False}[value]
    if kinds.is_nested(kind):
        return canonical(json.loads(value))
    return value


def their_value(value, kind):
    if value is None:
        return None
    if kinds.is_timestamp(kind):
        return micros(value)
    if kinds.is_date(kind):
        return value.isoformat()
    if kinds.is_binary(kind) or kinds.is_large_binary(kind):
        return value.hex().upper()
    if kinds.is_nested(kind):
        # A map comes as pairs; Ingot shows it as an object.
        return canonical(dict(value) if kinds.is_map(kind) else value)
    return value


def micros(value):
    aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
    return (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def canonical(value):
    """Nested values as text with sorted keys; decimals as numbers."""

    def plain(inner):
        if isinstance(inner, decimal.Decimal):
            return float(inner)
        return str(inner)

    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=plain)


if __name__ == "__main__":
    try:
        status = main()
    except SystemExit as exit_of:
        status = exit_of.code
    except pyarrow.ArrowException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    # The package's threads can end an interpreter that shuts down in order with an abort.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
