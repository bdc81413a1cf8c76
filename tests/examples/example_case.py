"""Runs an example project with the binary, in a lake of its own."""

import argparse
import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.path.join(ROOT, "..", "shared", "data")
csv.field_size_limit(1 << 30)


class ExampleCase(unittest.TestCase):
    ingot = os.path.join(ROOT, "build/release/ingot")
    project = ""

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="ingot_example_")
        self.addCleanup(shutil.rmtree, self.work, True)
        self.folder = os.path.join(ROOT, "examples", self.project)
        self.lake = os.path.join(self.work, "lake")
        self.params = {}

    def command(self, *arguments):
        """Exit status and everything that was printed."""
        command = [self.ingot, "-C", self.folder, "--lake", self.lake]
        for name, value in self.params.items():
            command += ["--param", f"{name}={value}"]
        done = subprocess.run(command + list(arguments), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stdout + done.stderr

    def run_ok(self, *arguments):
        status, _, text = self.command("run", *arguments)
        self.assertEqual(status, 0, text)
        return text

    def run_fails(self, *arguments):
        status, _, text = self.command("run", *arguments)
        self.assertEqual(status, 1, text)
        return text

    def rows(self, sql):
        status, out, text = self.command("sql", "--format", "csv", sql)
        self.assertEqual(status, 0, text)
        return list(csv.DictReader(io.StringIO(out, newline="")))

    def value(self, sql):
        (row,) = self.rows(sql)
        (value,) = row.values()
        return value

    def number(self, sql):
        return int(self.value(sql))

    def versions(self):
        """Number of commits of each table of the lake, seen from outside."""
        found = {}
        for folder, _, files in os.walk(self.lake):
            if os.path.basename(folder) == "_delta_log":
                commits = [name for name in files if name.endswith(".json") and name[:20].isdigit()]
                found[os.path.relpath(os.path.dirname(folder), self.lake)] = len(commits)
        return found

    def quarantined(self, table):
        """Rows of a quarantine table with `reason` under that name, whichever side rejected them."""
        rows = self.rows(f"select * from quarantine.{table}")
        for row in rows:
            row["reason"] = row.get("_reject_reason") or row.get("reason") or row.get("_reason")
        return rows

    def path(self, *parts):
        path = os.path.join(self.work, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def write_hour(self, hour, events):
        """Events as dicts, or lines as text."""
        lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
        with gzip.open(self.path("hours", hour + ".json.gz"), "wt", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))

    def real_data(self, *parts):
        path = os.path.abspath(os.path.join(SHARED, *parts))
        if not os.path.exists(path):
            self.skipTest(f"the real data is not at {path}")
        return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", default=ExampleCase.ingot)
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    ExampleCase.ingot = os.path.abspath(options.ingot)
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    suite = unittest.TestSuite(
        test
        for group in loader.loadTestsFromModule(module)
        for test in group
        if not options.tests or test.id().rpartition(".")[2] in options.tests
    )
    if suite.countTestCases() == 0:
        raise SystemExit(f"no test is called {options.tests}")
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)
