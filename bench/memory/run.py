#!/usr/bin/env python3
"""Peak memory: the GH Archive job on 12 and on 48 generated hours, and a table of 10,000 partitions under a small limit.

The peak is of resident memory, sampled over the process tree and the kernel's own high-water mark, whichever is more."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import setting

PROJECT = os.path.join(setting.ROOT, "examples", "gharchive")
LIMIT_MIB = 512
PARTITIONS_PROJECT = """name: many_partitions
lake: ./lake
params: {rows: {type: string}}
engine: {memory: 512MB}
"""
PARTITIONS_SOURCE = """table: bronze.rows
load: snapshot
from: {files: "{params.rows}"}
format: {csv: {bad_row: fail}}
columns: {id: bigint, partition: integer, text: varchar}
partition: [partition]
"""


def main():
    options = setting.parse(setting.arguments(__doc__))
    work = setting.work_folder()
    figures = {"growth": growth(options, work), "partitions": partitions(options, work)}
    setting.record(options, "memory", figures)


def growth(options, work):
    measure.say("Memory when the input is four times larger")
    base, scale = (1, 1) if options.smoke else (12, 5)
    figures = {}
    for hours in (base, 4 * base):
        folder = os.path.join(work, f"hours{hours}")
        files = setting.generated_hours(options, folder, hours, scale)
        lake = os.path.join(work, "lake")
        shutil.rmtree(lake, ignore_errors=True)
        cost = measure.run([options.ingot, "-C", PROJECT, "--lake", lake, "--param", f"source={folder}", "run"])
        size = sum(os.path.getsize(path) for path in files) / 1e6
        measure.say(f"  {hours:3} hours, {size:.0f} MB packed: {cost['wall_s']:.2f} s, peak {cost['peak_mib']:.0f} MiB")
        figures[f"{hours} hours"] = {"packed_mb": round(size), "seconds": round(cost["wall_s"], 2), "peak_mib": round(cost["peak_mib"])}
        shutil.rmtree(folder)
    shutil.rmtree(lake)
    return figures


def partitions(options, work):
    count, per_partition = (200, 5) if options.smoke else (10_000, 100)
    project = os.path.join(work, "partitions")
    os.makedirs(os.path.join(project, "sources"))
    with open(os.path.join(project, "project.yml"), "w", encoding="utf-8") as file:
        file.write(PARTITIONS_PROJECT)
    with open(os.path.join(project, "sources", "rows.yml"), "w", encoding="utf-8") as file:
        file.write(PARTITIONS_SOURCE)
    rows = os.path.join(work, "rows.csv")
    with open(rows, "w", encoding="utf-8") as file:
        file.write("id,partition,text\n")
        # Neighbours belong to different partitions: every batch touches all of them.
        for index in range(count * per_partition):
            file.write(f"{index},{index * 7919 % count},row {index} of a table with many partitions\n")
    command = [options.ingot, "-C", project, "--param", f"rows={rows}", "run"]
    cost = measure.run(command)
    sql = "select count(*) || ' ' || count(distinct partition) from bronze.rows"
    found = measure.run([options.ingot, "-C", project, "--param", f"rows={rows}", "sql", "--format", "csv", sql])
    answer = found["stdout"].strip().splitlines()[-1].strip('"')
    if answer != f"{count * per_partition} {count}":
        raise SystemExit(f"bench: the table has '{answer}' rows and partitions")
    measure.say(
        f"A table of {count:,} partitions, {count * per_partition:,} rows: {cost['wall_s']:.2f} s, "
        f"peak {cost['peak_mib']:.0f} MiB; the aim is {LIMIT_MIB} MiB"
    )
    return {"partitions": count, "seconds": round(cost["wall_s"], 2), "peak_mib": round(cost["peak_mib"])}


if __name__ == "__main__":
    main()
