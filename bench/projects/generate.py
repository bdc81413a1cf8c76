#!/usr/bin/env python3
"""Makes a project of many tiny models: generate.py FOLDER MODELS

Model i reads model (i - 1) / 8, so that the graph is a tree of depth 4 for 2,000 models; each is a table with a contract."""

import os
import sys

FANOUT = 8
MODELS_PER_FOLDER = 100

FIRST = """/* ---
description: The first of many.
kind: table
columns: {id: integer, name: varchar, amount: bigint}
--- */
SELECT 1::INTEGER AS id, 'a' AS name, 10::BIGINT AS amount
"""
OTHER = """/* ---
description: Reads {parent}.
kind: table
columns: {{id: integer, name: varchar, amount: bigint}}
--- */
WITH source AS (SELECT id, name, amount FROM {parent})

SELECT id, upper(name) AS name, (amount + {index})::BIGINT AS amount
FROM source
WHERE amount IS NOT NULL
"""


def name_of(index):
    return f"g{index // MODELS_PER_FOLDER:03d}.m{index:05d}"


def generate(folder, models):
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "project.yml"), "name: many_models\nlake: ./lake\n")
    for index in range(models):
        text = FIRST if index == 0 else OTHER.format(parent=name_of((index - 1) // FANOUT), index=index)
        layer, table = name_of(index).split(".")
        write(os.path.join(folder, "models", layer, table + ".sql"), text)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    generate(sys.argv[1], int(sys.argv[2]))
