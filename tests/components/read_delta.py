"""Reads Delta tables with the deltalake package and prints what is in them, one JSON object a table.

usage: read_delta.py [--order-by COLUMN,...] [--rows] TABLE_FOLDER...

Each line: {"table", "version", "rows", "columns": {name: type}, "sha256"}: the digest is over the rows in the
order of the given columns (else of all columns), so that two readers of one table can be compared. --rows adds the
rows themselves.
"""

import argparse
import hashlib
import json
import os
import sys

from deltalake import DeltaTable


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--order-by", default="")
    parser.add_argument("--rows", action="store_true")
    options = parser.parse_args()
    for folder in options.tables:
        print(json.dumps(describe(folder, options)), flush=True)


def describe(folder, options):
    table = DeltaTable(folder)
    rows = table.to_pyarrow_table().to_pylist()
    texts = [json.dumps(row, default=str, ensure_ascii=False) for row in rows]
    order = [name for name in options.order_by.split(",") if name]
    keys = [tuple(str(row[name]) for name in order) for row in rows]
    texts = [text for _, text in sorted(zip(keys, texts))]
    schema = json.loads(table.schema().to_json())
    found = {
        "table": folder,
        "version": table.version(),
        "rows": len(rows),
        "columns": {field["name"]: field["type"] for field in schema["fields"]},
        "sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest(),
    }
    if options.rows:
        found["values"] = [json.loads(text) for text in texts]
    return found


if __name__ == "__main__":
    try:
        main()
        status = 0
    except Exception as error:  # What the reader says is the finding.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    # The package's threads can end an interpreter that shuts down in order with an abort.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
