"""Windows with gaps between them are one pass and one commit, and give the rows that one window after the other gives."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOURS = (0, 1, 4, 7, 8, 20)

PROJECT = """name: gaps
lake: ./lake
defaults: {start: 2024-01-01}
"""
SOURCE = """table: bronze.visits
load: window
window: hour
from: {files: "raw/{window.start:%Y-%m-%dT%H}.json"}
missing: {allow: 100%}
format: {ndjson: {}}
columns: {id: bigint, visitor: varchar, seen: timestamptz}
"""
BY_HOUR = """/* ---
kind: incremental
key: [id]
time: seen
--- */
SELECT id, visitor, seen FROM bronze.visits WHERE FILTER -- of one hour
"""
VISITORS = """/* ---
kind: merge
key: [visitor]
order_by: [last_seen]
--- */
SELECT visitor, max(seen) AS last_seen, arg_max(id, seen) AS last_id
FROM bronze.visits WHERE seen >= $window.start AND seen < $window.end GROUP BY visitor
"""


class GapsTest(unittest.TestCase):
    ingot = os.path.join(ROOT, "build/release/ingot")

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="ingot_gaps_")
        self.addCleanup(shutil.rmtree, self.work, True)
        self.write("project.yml", PROJECT)
        self.write("sources/visits.yml", SOURCE)
        self.write("models/silver/by_hour.sql", BY_HOUR.replace("FILTER", "seen >= $window.start AND seen < $window.end"))
        self.write("models/gold/visitors.sql", VISITORS)
        for hour in HOURS:
            rows = [{"id": 100 * hour + i, "visitor": f"v{(hour + i) % 5}", "seen": f"2024-01-01T{hour:02}:{i:02}:00Z"}
                    for i in range(4)]
            self.write(f"raw/2024-01-01T{hour:02}.json", "".join(json.dumps(row) + "\n" for row in rows))

    def write(self, path, text):
        full = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def call(self, lake, *arguments):
        return subprocess.run([self.ingot, "-C", self.work, "--lake", os.path.join(self.work, lake), *arguments],
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def succeeds(self, lake, *arguments):
        done = self.call(lake, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def rows(self, lake):
        return [self.succeeds(lake, "sql", "--format", "csv", f"select * from {table} order by all")
                for table in ("silver.by_hour", "gold.visitors")]

    def versions(self, lake, table):
        return len(json.loads(self.succeeds(lake, "table", "history", table, "--json")))

    def test_windows_with_gaps_are_one_commit_and_give_the_same_rows(self):
        self.succeeds("at_once", "run")
        for hour in reversed(HOURS):
            self.succeeds("one_by_one", "run", "--window", f"2024-01-01T{hour:02}")
        self.assertEqual(self.rows("at_once"), self.rows("one_by_one"))
        for table in ("silver.by_hour", "gold.visitors"):
            self.assertEqual(self.versions("at_once", table), 1)
            self.assertEqual(self.versions("one_by_one", table), len(HOURS))
        self.assertIn("nothing to do", self.succeeds("at_once", "plan"))

    def test_a_row_in_a_gap_belongs_to_no_window_of_the_run(self):
        self.write("models/silver/by_hour.sql", BY_HOUR.replace("FILTER", "seen >= $window.start AND seen < $window.end + INTERVAL 2 HOUR"))
        self.write("raw/2024-01-01T01.json", '{"id": 1, "visitor": "v", "seen": "2024-01-01T03:30:00Z"}\n')
        done = self.call("lake", "run", "silver.by_hour", "bronze.visits")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("outside the run's window", done.stdout + done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", default=GapsTest.ingot)
    options, rest = parser.parse_known_args()
    GapsTest.ingot = os.path.abspath(options.ingot)
    unittest.main(argv=[sys.argv[0], *rest])
