#!/usr/bin/env python3
"""A table of a million rows to PostgreSQL, beside `psql \\copy` of the same rows as CSV into a table of the same kind."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import setting

sys.path.insert(0, os.path.join(setting.ROOT, "tests", "components"))
from postgres_server import PostgresServer  # noqa: E402

MODEL = """/* ---
kind: table
--- */
SELECT i AS id, TIMESTAMPTZ '2015-01-01 00:00:00Z' + to_seconds(i) AS at, 'user-' || (i * 7919 % 100003) AS login,
    'https://api.example/users/' || (i * 7919 % 100003) AS url, (i * 37 % 100000) / 100 AS amount, i % 3 = 0 AS public
FROM range({rows}) r(i)
"""
PIPELINE = "tasks: {{to_pg: {{retries: 0, export: [{{from: gold.large, to: warehouse.public.large{more}}}]}}}}\n"
COLUMNS = "id bigint, at timestamptz, login text, url text, amount double precision, public boolean"


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    options = setting.parse(setting.arguments(__doc__))
    rows = 10_000 if options.smoke else 1_000_000
    folder = setting.work_folder()
    postgres = PostgresServer(os.path.join(folder, "postgres"))
    try:
        measured = run(options, rows, folder, postgres)
    finally:
        postgres.stop()
    measure.say(f"Export of {rows:,} rows of 6 columns to PostgreSQL (fsync off), {options.repeat} runs")
    copy = measure.median([each["wall_s"] for each in measured["psql copy"]])
    for name, found in measured.items():
        seconds = [each["wall_s"] for each in found]
        measure.say(f"  {name:28} {measure.spread(seconds)}, {measure.median(seconds) / copy:.2f}x of psql, "
                    f"peak {measure.median([each['peak_mib'] for each in found]):.0f} MiB")
    setting.record(options, "export", {name: [{key: each[key] for key in ("wall_s", "cpu_s", "peak_mib")} for each in found]
                                       for name, found in measured.items()})


def run(options, rows, folder, postgres):
    project = os.path.join(folder, "project")
    write(project, "project.yml", "name: bench\nlake: ./lake\n" + postgres.connection())
    write(project, "models/gold/large.sql", MODEL.format(rows=rows))
    write(project, "pipelines/overwrite.yml", PIPELINE.format(more=""))
    write(project, "pipelines/keyed.yml", PIPELINE.format(more=", mode: upsert, key: id"))
    ingot = [options.ingot, "-C", project]
    measure.run([*ingot, "run", "gold.large"])
    csv = os.path.join(folder, "large.csv")
    measure.run([*ingot, "sql", "--format", "csv", "-o", csv, "select * from gold.large"])
    export = lambda name: [*ingot, "run", "--pipeline", name, "--full"]  # noqa: E731
    copy = lambda last: postgres.client("-c", f"create table large ({COLUMNS})", "-c", f"\\copy large from {csv} csv header", *last)  # noqa: E731
    keyed = copy(["-c", "alter table large add primary key (id)"])
    measured = {}
    for name, command in (("psql copy", copy([])), ("export", export("overwrite")), ("psql copy, then primary key", keyed),
                          ("export with a key", export("keyed"))):
        measured[name] = []
        for _ in range(options.repeat):
            postgres.execute("drop table if exists large; drop table if exists ingot_exports; checkpoint")
            measured[name].append(measure.run(command))
            if postgres.value("select count(*) from large") != str(rows):
                raise measure.Failed(f"{name}: the table has other rows")
    measured["upsert of the same rows"] = [measure.run(export("keyed")) for _ in range(options.repeat)]
    return measured


if __name__ == "__main__":
    main()
