#!/usr/bin/env python3
"""Runs CTest and closes with one plain line: N passed, N failed, N skipped.

usage: run_tests.py BUILD_FOLDER [CTEST_ARGUMENT ...]

Exits like CTest: not zero when a test failed, and when there was no test at all.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    build, *rest = arguments
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = ["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error"]
        status = subprocess.run(command + ["--output-junit", str(report)] + rest).returncode
        passed, failed, skipped = read_report(report) if report.exists() else ([], [], [])
    for title, names in (("Skipped", skipped), ("Failed", failed)):
        for name in names:
            print(f"{title}: {name}")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped", flush=True)
    if status == 0 and (failed or not passed):
        return 1
    return status


def read_report(path):
    """The names of the tests that passed, failed and were skipped."""
    passed, failed, skipped = [], [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        outcome = case.get("status")
        groups = {"run": passed, "notrun": skipped, "disabled": skipped}
        groups.get(outcome, failed).append(case.get("name"))
    return passed, failed, skipped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
