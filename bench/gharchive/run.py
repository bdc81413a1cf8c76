#!/usr/bin/env python3
"""GH Archive, 12 hours: Ingot's whole job with all checks against bare DuckDB, and PySpark + Delta with --spark.

Every repetition starts with an empty lake. Ingot is timed as a process, from its start to its end; the peers by the sum of
their statements, without start-up, imports and connection."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import setting

PEERS = os.path.join(setting.ROOT, "bench", "peers")
PROJECT = os.path.join(setting.ROOT, "examples", "gharchive")
COUNTED = ("bronze.events", "silver.events", "gold.events", "gold.users", "gold.repos", "gold.organizations")


def main():
    parser = setting.arguments(__doc__)
    parser.add_argument("--spark", action="store_true", help="PySpark + Delta too, where it installs")
    options = setting.parse(parser)
    work = setting.work_folder()
    files, data = input_files(options, work)
    raw = sum(os.path.getsize(path) for path in files)
    measure.say(f"GH Archive: {len(files)} files, {raw / 1e6:.1f} MB ({data})")

    runs = {"ingot": [], "duckdb narrow": [], "duckdb same": []}
    for repetition in range(options.repeat):
        # One after the other in each round, so that a disturbance meets all of them.
        runs["ingot"].append(run_ingot(options, work, files))
        runs["duckdb narrow"].append(run_duckdb("narrow", work, files))
        runs["duckdb same"].append(run_duckdb("same", work, files))
        if repetition == 0:
            compare_counts(options, work, runs["duckdb same"][0]["rows"])
    if options.spark:
        spark = run_spark(work, files)
        if spark:
            runs["spark + delta"] = [spark]
    report(options, runs)


def input_files(options, work):
    """The files, alone in a folder: Ingot loads the windows that the folder has."""
    folder = os.path.join(work, "hours")
    os.makedirs(folder)
    real = setting.real_hours()
    if real is None or options.smoke:
        paths = setting.generated_hours(options, folder, 2 if options.smoke else 24, 1)
        return paths, "generated"
    for hour in setting.REAL_HOURS:
        os.symlink(os.path.join(real, hour + ".json.gz"), os.path.join(folder, hour + ".json.gz"))
    return sorted(os.path.join(folder, name) for name in os.listdir(folder)), "real hours"


def run_ingot(options, work, files):
    lake = os.path.join(work, "lake")
    shutil.rmtree(lake, ignore_errors=True)
    command = [options.ingot, "-C", PROJECT, "--lake", lake, "--param", f"source={os.path.dirname(files[0])}", "run"]
    cost = measure.run(command)
    return {"seconds": cost["wall_s"], "peak_mib": cost["peak_mib"], "cpu_s": cost["cpu_s"], "other_cpu_s": cost["other_cpu_s"]}


def run_duckdb(mode, work, files):
    out = os.path.join(work, "duckdb")
    shutil.rmtree(out, ignore_errors=True)
    script = os.path.join(PEERS, "duckdb_gharchive.py")
    command = [os.path.join(PEERS, "with_packages.sh"), "duckdb==1.5.6", script, mode, PROJECT, out] + files
    cost = measure.run(command)
    answer = json.loads(cost["stdout"].strip().splitlines()[-1])
    return {
        "seconds": answer["total_s"],
        "steps": answer["steps"],
        "rows": answer["rows"],
        "peak_mib": cost["peak_mib"],
        "cpu_s": cost["cpu_s"],
        "other_cpu_s": cost["other_cpu_s"],
    }


def compare_counts(options, work, rows):
    """A job that writes other rows is not the same job."""
    for table in COUNTED:
        found = int(setting.csv_value(options, PROJECT, os.path.join(work, "lake"), f"select count(*) from {table}"))
        if found != rows[table]:
            raise SystemExit(f"bench: {table} has {found} rows, bare DuckDB writes {rows[table]}")
    measure.say("  rows: " + ", ".join(f"{table} {rows[table]:,}" for table in COUNTED))


def run_spark(work, files):
    out = os.path.join(work, "spark")
    script = os.path.join(PEERS, "spark_gharchive.py")
    try:
        jars = measure.run([os.path.join(PEERS, "spark_jars.sh")])["stdout"].strip().splitlines()[-1]
        packages = "pyspark==4.0.1,delta-spark==4.0.0"
        cost = measure.run([os.path.join(PEERS, "with_packages.sh"), packages, script, jars, out] + files)
    except measure.Failed as error:
        measure.warn(f"no figures of PySpark + Delta: {str(error).strip().splitlines()[-1]}")
        return None
    answer = json.loads(cost["stdout"].strip().splitlines()[-1])
    return {
        "seconds": answer["warm_s"],
        "process_s": cost["wall_s"],
        "peak_mib": cost["peak_mib"],
        "cpu_s": cost["cpu_s"],
        "other_cpu_s": cost["other_cpu_s"],
    }


def report(options, runs):
    ours = measure.median([run["seconds"] for run in runs["ingot"]])
    figures = {}
    for name, all_runs in runs.items():
        seconds = [run["seconds"] for run in all_runs]
        peak = max(run["peak_mib"] for run in all_runs)
        others = max(run["other_cpu_s"] / max(run["seconds"], 0.01) for run in all_runs)
        ratio = ours / measure.median(seconds)
        line = f"  {name:14} {measure.spread(seconds)}, peak {peak:.0f} MiB"
        if name != "ingot":
            line += f"; ingot takes {ratio:.2f}x of it"
        if others > 0.2:
            line += f"  [disturbed: others used {others:.1f} cores]"
        measure.say(line)
        figures[name] = {"seconds": seconds, "peak_mib": round(peak), "ratio": round(ratio, 3)}
        if "process_s" in all_runs[0]:
            measure.say(f"  {'':14} as a process {all_runs[0]['process_s']:.1f} s: {all_runs[0]['process_s'] / ours:.1f}x of ingot's")
            figures[name]["process_s"] = all_runs[0]["process_s"]
    setting.record(options, "gharchive", figures)


if __name__ == "__main__":
    main()
