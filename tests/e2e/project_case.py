"""A small project and its lake in a temporary folder, driven by the real binary."""

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
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Hours of events, cleaned, and summed up by hour and in all: every way in which a table hangs on another.
FILES = {
    "project.yml": """
name: small
lake: ./lake
params: {source: {type: string, default: ./input}}
defaults: {start: 2020-05-01, timezone: UTC, retry_delay: 10ms}
""",
    "sources/events.yml": """
table: bronze.events
load: window
window: hour
from: {files: "{params.source}/{window.start:%Y-%m-%d-%H}.ndjson"}
missing: {allow: 100%}
format: {ndjson: {unknown_fields: ignore}}
columns: {id: bigint, ts: timestamptz, who: varchar, amount: bigint}
""",
    "models/silver/events.sql": """/* ---
kind: incremental
time: ts
--- */
SELECT id, ts, who, amount FROM bronze.events WHERE ts >= $window.start AND ts < $window.end
""",
    "models/gold/hourly.sql": """/* ---
kind: incremental
time: hour
--- */
SELECT date_trunc('hour', ts) AS hour, count(*) AS events, sum(amount)::BIGINT AS amount
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY ALL
""",
    "models/gold/totals.sql": """/* ---
kind: table
--- */
SELECT who, count(*) AS events, sum(amount)::BIGINT AS amount FROM silver.events GROUP BY ALL
""",
}


def hour_name(hour):
    return f"2020-05-{1 + hour // 24:02}-{hour % 24:02}"


def event(hour, number, **changes):
    return {"id": hour * 1000 + number, "ts": f"2020-05-{1 + hour // 24:02}T{hour % 24:02}:{number % 60:02}:00Z",
            "who": f"p{number % 3}", "amount": number, **changes}


def events(hour, count=5, **changes):
    return [event(hour, number, **changes) for number in range(count)]


class ProjectCase(unittest.TestCase):
    ingot = os.environ.get("INGOT", os.path.join(ROOT, "build/release/ingot"))
    files = FILES

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="ingot_project_")
        self.addCleanup(shutil.rmtree, self.work, True)
        self.project = os.path.join(self.work, "project")
        self.lake = os.path.join(self.project, "lake")
        self.environment = {}
        for name, text in self.files.items():
            self.write(name, text)

    # -- the project

    def write(self, name, content):
        path = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def change(self, name, old, new):
        with open(os.path.join(self.project, name), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def write_hour(self, hour, rows):
        """Rows as values, or as lines of text."""
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        return self.write(f"input/{hour_name(hour)}.ndjson", "".join(line + "\n" for line in lines))

    def write_packed_hour(self, hour, rows, share=1.0):
        """gzip of which only the first part is there."""
        packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
        return self.write(f"input/{hour_name(hour)}.ndjson.gz", packed[: int(len(packed) * share)])

    # -- the binary

    def start(self, *arguments):
        return subprocess.Popen([self.ingot, "-C", self.project, *arguments], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **self.environment})

    def call(self, *arguments):
        """Exit status, standard output, and everything that was printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, out + err

    def succeeds(self, *arguments):
        status, _, text = self.call(*arguments)
        self.assertEqual(status, 0, text)
        return text

    def fails(self, *arguments, says=()):
        status, _, text = self.call(*arguments)
        self.assertEqual(status, 1, text)
        for part in says:
            self.assertIn(part, text)
        return text

    def run_report(self, *arguments):
        """What `run --json` says of each table, by name; the run may fail."""
        status, out, text = self.call("--json", "run", *arguments)
        self.assertIn(status, (0, 1), text)
        self.assertTrue(out.startswith("{"), text)
        return {table["table"]: table for table in json.loads(out)["tables"]}

    def plan(self, *arguments):
        _, out, text = self.call("--json", "plan", *arguments)
        self.assertTrue(out.startswith("["), text)
        return {table["table"]: table for table in json.loads(out)}

    def planned_hours(self, table, *arguments):
        """The hours since the project's start that a run would do of a table."""
        hours = []
        for span in self.plan(table, *arguments)[table]["ranges"]:
            first, last = ((int(at[8:10]) - 1) * 24 + int(at[11:13]) for at in (span["start"], span["end"]))
            hours.extend(range(first, last))
        return hours

    def rows(self, sql):
        status, out, text = self.call("sql", "--format", "csv", sql)
        self.assertEqual(status, 0, text)
        return [tuple(row) for row in csv.reader(io.StringIO(out, newline=""))][1:]

    def value(self, sql):
        ((value,),) = self.rows(sql)
        return value

    def ids(self, table="bronze.events"):
        return [int(row[0]) for row in self.rows(f"select id from {table} order by id")]

    def tables(self, *names):
        """All rows of the tables, in one order."""
        return {name: sorted(self.rows(f"select columns(c -> c not like '\\_%' escape '\\') from {name}"))
                for name in names or ("bronze.events", "silver.events", "gold.hourly", "gold.totals")}

    # -- the lake

    def versions(self):
        """Number of commits of each table, seen from outside; what checks said is no table of the project."""
        found = {}
        for folder, _, files in os.walk(self.lake):
            if os.path.basename(folder) == "_delta_log" and os.sep + "ingot" + os.sep not in folder:
                commits = [name for name in files if name.endswith(".json") and name[:20].isdigit()]
                found[os.path.relpath(os.path.dirname(folder), self.lake)] = len(commits)
        return found

    def unreferenced(self):
        """Data files that no commit names."""
        named, present = set(), set()
        for folder, _, files in os.walk(self.lake):
            for name in files:
                path = os.path.join(folder, name)
                if os.path.basename(folder) == "_delta_log" and name.endswith(".json") and name[:20].isdigit():
                    with open(path, encoding="utf-8") as log:
                        actions = [json.loads(line) for line in log]
                    table = os.path.dirname(folder)
                    named.update(os.path.join(table, urllib.parse.unquote(action["add"]["path"]))
                                 for action in actions if "add" in action)
                elif name.endswith(".parquet") and "_delta_log" not in folder:
                    present.add(path)
        return present - named


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", default=ProjectCase.ingot)
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    ProjectCase.ingot = os.path.abspath(options.ingot)
    suite = unittest.TestSuite(
        test
        for group in unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
        for test in group
        if not options.tests or test.id().rpartition(".")[2] in options.tests)
    if suite.countTestCases() == 0:
        raise SystemExit(f"no test is called {options.tests}")
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)
