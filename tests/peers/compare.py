"""Compares the rows that another reader found in the tables of a lake with what Ingot says. Each reader is a script of its own:

    usage: READER --lake LAKE [--project DIR] [--ingot BINARY] [--param NAME=VALUE]... [--table LAYER.NAME]... [--print N]

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
from dataclasses import dataclass

csv.field_size_limit(1 << 30)

# What kind of values a column holds: it decides how they are compared.
INTEGER, FLOAT, DECIMAL, BOOLEAN, DATE, TIMESTAMP, BINARY, NESTED, TEXT = range(9)


@dataclass
class Table:
    """A table as the other reader has it."""

    version: int
    columns: list  # of (name, kind)
    rows: list  # of tuples of Python's own values


def run(reader, read):
    """The main program of a reader: `read(path)` gives a Table or raises. Returns the exit status."""
    parser = argparse.ArgumentParser(description=f"Reads every Delta table of a lake with {reader} and compares its rows with Ingot's.")
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
    results = [check(name, reader, read, options) for name in names]
    print(f"{sum(results)} of {len(results)} tables read by {reader}" + (" and equal" if options.ingot else ""), flush=True)
    return 0 if all(results) else 1


def tables_of(lake):
    found = []
    for layer in sorted(os.listdir(lake)):
        folder = os.path.join(lake, layer)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if os.path.isdir(os.path.join(folder, name, "_delta_log")):
                found.append(f"{layer}.{name}")
    return found


def check(name, reader, read, options):
    try:
        table = read(os.path.join(options.lake, *name.split(".")))
    except Exception as error:  # What the other reader says is the finding.
        print(f"{name}: cannot be read: {type(error).__name__}: {error}", flush=True)
        return False
    finding = difference(name, reader, table, options) if options.ingot else ""
    verdict = finding or ("same" if options.ingot else "read")
    print(f"{name}: version {table.version}, {len(table.rows)} rows, {verdict}", flush=True)
    for row in table.rows[: options.shown]:
        shown = dict(zip((column for column, _ in table.columns), row))
        print("  " + json.dumps(shown, default=str, ensure_ascii=False))
    return not finding


def difference(name, reader, table, options):
    """What differs; empty when nothing does."""
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    select = ", ".join(expression(column, kind) for column, kind in table.columns)
    command = [options.ingot]
    if options.project:
        command += ["-C", options.project]
    for param in options.param:
        command += ["--param", param]
    command += ["--lake", options.lake, "sql", "--format", "csv", f"select {select} from {quoted}"]
    answer = subprocess.run(command, capture_output=True, check=False)
    if answer.returncode != 0:
        return f"ingot says: {answer.stderr.decode('utf-8', 'replace').strip()}"
    kinds = [kind for _, kind in table.columns]
    lines = list(csv.reader(io.StringIO(answer.stdout.decode("utf-8"), newline="")))
    ours = collections.Counter(tuple(map(our_value, line, kinds)) for line in lines[1:])
    theirs = collections.Counter(tuple(map(their_value, row, kinds)) for row in table.rows)
    if ours == theirs:
        return ""
    extra, lacking = ours - theirs, theirs - ours
    example = next(iter(lacking or extra))
    return f"{sum(extra.values())} rows only ingot has, {sum(lacking.values())} only {reader} has, such as {example!r}"


def expression(name, kind):
    """SQL text in which null is N and a value begins with V, so that CSV keeps them apart."""
    column = '"' + name.replace('"', '""') + '"'
    text = {TIMESTAMP: f"epoch_us({column})", NESTED: f"to_json({column})", BINARY: f"hex({column})"}.get(kind, column)
    return f"case when {column} is null then 'N' else 'V' || ({text})::varchar end as {column}"


def our_value(text, kind):
    if text == "N":
        return None
    value = text[1:]
    if kind in (TIMESTAMP, INTEGER):
        return int(value)
    if kind == FLOAT:
        return float(value)
    if kind == DECIMAL:
        return decimal.Decimal(value)
    if kind == BOOLEAN:
        return {"true": True, "false": False}[value]
    if kind == NESTED:
        return canonical(json.loads(value))
    return value


def their_value(value, kind):
    if value is None:
        return None
    if kind == TIMESTAMP:
        return micros(value)
    if kind == DATE:
        return value.isoformat()
    if kind == BINARY:
        return value.hex().upper()
    if kind == NESTED:
        return canonical(value)
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
