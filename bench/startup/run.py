#!/usr/bin/env python3
"""How long the smallest commands take, as processes: `ingot version` and `ingot sql 'select 1'`; and what `isolation: process` adds to a task."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import subprocess

import measure
import setting

TASKS = 20
ISOLATION_LIMIT_MS = 100
COMMANDS = {"version": (["version"], 30), "select 1": (["sql", "--format", "csv", "select 1"], 100)}


def main():
    options = setting.parse(setting.arguments(__doc__))
    figures = {}
    measure.say("Start-up")
    for name, (arguments, limit_ms) in COMMANDS.items():
        command = [options.ingot, "-C", os.path.join(setting.ROOT, "examples", "gharchive")] + arguments
        peak = measure.run(command)["peak_mib"]  # It also brings the binary into the cache.
        millis = [elapsed_ms(command) for _ in range(3 if options.smoke else 4 * options.repeat)]
        measure.say(f"  {name:14} {measure.spread(millis, 'ms', 1)}, peak {peak:.0f} MiB; the aim is {limit_ms} ms")
        figures[name] = {"milliseconds": [round(value, 2) for value in millis], "peak_mib": round(peak)}
    isolated = [isolation_ms(options) for _ in range(1 if options.smoke else options.repeat)]
    measure.say(f"  {'isolated task':14} {measure.spread(isolated, 'ms', 1)} more than one in a thread; the aim is {ISOLATION_LIMIT_MS} ms")
    figures["isolated task"] = {"milliseconds": [round(value, 2) for value in isolated]}
    setting.record(options, "startup", figures)


def elapsed_ms(command):
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def isolation_ms(options):
    """Of each task of a chain that does next to nothing."""
    folder = setting.work_folder()
    os.makedirs(os.path.join(folder, "pipelines"))
    with open(os.path.join(folder, "project.yml"), "w", encoding="utf-8") as file:
        file.write("name: bench\nlake: ./lake\n")
    tasks = "".join(f"  t{i}: {{sql: SELECT 1{f', after: t{i - 1}' if i else ''}}}\n" for i in range(TASKS))
    took = {}
    for isolation in ("thread", "process"):
        with open(os.path.join(folder, f"pipelines/{isolation}.yml"), "w", encoding="utf-8") as file:
            file.write(f"isolation: {isolation}\ntasks:\n{tasks}")
        took[isolation] = elapsed_ms([options.ingot, "-C", folder, "--json", "run", "--pipeline", isolation])
    return (took["process"] - took["thread"]) / TASKS


if __name__ == "__main__":
    main()
