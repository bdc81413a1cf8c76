#!/usr/bin/env python3
"""Tasks that do nothing, every step durable: a chain of 40, 100 side by side, and the gap between two tasks beside a raw fsync; starts and ends of tasks
made durable in a second, where many runs go on at once; a day of triggers; real pipelines under `ingot serve`, beside other systems with --peers."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import kills
import measure
import setting
import systems


def main():
    parser = setting.arguments(__doc__)
    parser.add_argument("--peers", action="store_true", help="the real pipelines also in Airflow, Dagster and Prefect, where they install")
    options = setting.parse(parser)
    bench = os.path.join(os.path.dirname(options.ingot), "bench", "micro", "orchestrator_bench")
    if not os.access(bench, os.X_OK):
        raise SystemExit(f"bench: there is no {bench}: cmake --build --preset release --target orchestrator_bench")
    command = [bench, setting.work_folder()] + (["--smoke"] if options.smoke else [])
    found = [json.loads(measure.run(command)["stdout"]) for _ in range(options.repeat)]
    measure.say("Orchestrator")
    for label, name in (
        ("end to next start, p50", "gap_ms_p50"),
        ("end to next start, p99", "gap_ms_p99"),
        ("raw fsync, p50", "fsync_ms_p50"),
        ("raw fsync, p99", "fsync_ms_p99"),
        ("chain of 40", "chain_ms"),
        ("100 side by side", "parallel_ms"),
    ):
        measure.say(f"  {label:24} {measure.spread([each[name] for each in found], 'ms', 2)}")
    for label, name in (("a step, 10 unfinished", "step_us_10"), ("a step, 100,000", "step_us_100000")):
        measure.say(f"  {label:24} {measure.spread([each[name] for each in found], 'us', 2)}")
    for label, name, unit in (("400 chains of 100 at once", "transitions_per_s", "/s"), ("in one commit", "transitions_per_commit", ""), ("time of a processor, each", "transition_cpu_us", "us")):
        measure.say(f"  {label:26} {measure.spread([each[name] for each in found], unit, 0)}")
    triggers = [json.loads(measure.run(trigger_command(options))["stdout"]) for _ in range(options.repeat)]
    measure.say("Triggers: 24 hours of 1,000 pipelines every 5 minutes")
    for label, name, unit in (
        ("a run, first hour", "run_us_first_hour", "us"),
        ("a run, last hour", "run_us_last_hour", "us"),
        ("memory grown by", "grown_mb", "MB"),
    ):
        measure.say(f"  {label:24} {measure.spread([each[name] for each in triggers], unit, 2)}")
    for line in triggers[0]["next_tick_us"]:
        measure.say(f"  next of {line:34} {measure.spread([each['next_tick_us'][line] for each in triggers], 'us', 2)}")
    setting.record(options, "orchestrator", found)
    setting.record(options, "triggers", triggers)
    found = systems.compare(options)
    systems.report(found)
    setting.record(options, "orchestrator_systems", found)
    found = kills.compare(options)
    kills.report(found)
    setting.record(options, "orchestrator_kills", found)


def trigger_command(options):
    bench = os.path.join(os.path.dirname(options.ingot), "bench", "micro", "triggers_bench")
    if not os.access(bench, os.X_OK):
        raise SystemExit(f"bench: there is no {bench}: cmake --build --preset release --target triggers_bench")
    return [bench] + (["--smoke"] if options.smoke else [])


if __name__ == "__main__":
    main()
