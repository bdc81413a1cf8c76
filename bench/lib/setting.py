"""Where things are: the binary, the sample data, a folder to work in; and the command line that all benchmarks share."""

import argparse
import atexit
import json
import os
import shutil
import subprocess
import tempfile

import measure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REAL_HOURS = [f"2015-01-01-{h}" for h in (0, 1, 3, 4, 5, 15)] + [f"2016-01-01-{h}" for h in range(1, 7)]


def arguments(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--ingot", default=os.path.join(ROOT, "build/release/ingot"), help="the binary")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions")
    parser.add_argument("--smoke", action="store_true", help="once, and small: does it work at all")
    parser.add_argument("--results", help="a JSON file to add the figures to")
    return parser


def parse(parser):
    options = parser.parse_args()
    options.ingot = os.path.abspath(options.ingot)
    if not os.access(options.ingot, os.X_OK):
        raise SystemExit(f"bench: there is no binary at {options.ingot}: make build")
    if options.smoke:
        options.repeat = 1
    return options


def work_folder():
    """A folder that is gone afterwards. INGOT_BENCH_DIR says on which disk."""
    base = os.environ.get("INGOT_BENCH_DIR")
    if base:
        os.makedirs(base, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="ingot_bench_", dir=base)
    atexit.register(shutil.rmtree, folder, True)
    return folder


def real_hours():
    """The folder with the real hours, or None."""
    folder = os.environ.get("INGOT_BENCH_DATA", os.path.join(ROOT, "..", "shared", "data", "gharchive"))
    return os.path.abspath(folder) if os.path.exists(os.path.join(folder, REAL_HOURS[0] + ".json.gz")) else None


def generated_hours(options, folder, hours, scale=1):
    measure.run(
        [options.ingot, "datagen", "gharchive", "--hours", str(hours), "--start", "2015-01-01T00", "--seed", "1"]
        + ["--scale", str(scale), "--out", folder]
    )
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json.gz"))


def csv_value(options, project, lake, sql):
    """The one value that a query returns."""
    command = [options.ingot, "-C", project, "--lake", lake, "sql", "--format", "csv", sql]
    return measure.run(command)["stdout"].strip().splitlines()[-1]


def record(options, name, figures):
    """Adds the figures of one benchmark to the results file, with commit and machine."""
    if not options.results:
        return
    results = {}
    if os.path.exists(options.results):
        with open(options.results, encoding="utf-8") as file:
            results = json.load(file)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    results["commit"] = commit.stdout.strip() or "unknown"
    results["machine"] = measure.machine()
    results[name] = figures
    os.makedirs(os.path.dirname(os.path.abspath(options.results)), exist_ok=True)
    with open(options.results, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
