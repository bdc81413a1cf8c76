#!/usr/bin/env python3
"""How long the smallest commands take, as processes: `ingot version` and `ingot sql 'select 1'`."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import subprocess

import measure
import setting

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
    setting.record(options, "startup", figures)


def elapsed_ms(command):
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
