"""What happens to a lake when a run is killed, raced, stopped or refused by the disk. Runs the real binary.

Every case ends with the same question: are the rows those of a run that nothing disturbed, each once?
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOURS = 4
WINDOW = "2020-05-01T00..2020-05-01T04"
PROJECT = {
    "project.yml": """
name: crash
lake: ./lake
params: {source: {type: string, default: ./input}}
defaults: {start: 2020-05-01, timezone: UTC}
""",
    "sources/events.yml": """
table: bronze.events
load: window
window: hour
from: {files: "{params.source}/{window.start:%Y-%m-%d-%H}.ndjson"}
missing: {allow: 100%}
format: {ndjson: {unknown_fields: fail, bad_row: reject, bad_value: reject}}
columns: {id: bigint, ts: timestamptz, who: varchar, amount: bigint}
reject: [{reason: NO_NAME, when: "who is null"}]
""",
    "models/silver/events.sql": """/* ---
kind: incremental
time: ts
reject: [{reason: TOO_MUCH, when: "amount > 900"}]
checks: [{unique: [id]}]
--- */
SELECT id, ts, who, amount FROM bronze.events WHERE ts >= $window.start AND ts < $window.end
""",
    "models/gold/people.sql": """/* ---
kind: merge
key: [who]
order_by: [last_at]
time: last_at
--- */
SELECT who, max(ts) AS last_at, max_by(amount, (ts, id)) AS amount
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY who
""",
    "models/gold/totals.sql": """/* ---
kind: table
--- */
SELECT date_trunc('hour', ts) AS hour, count(*) AS events, sum(amount)::BIGINT AS amount
FROM silver.events GROUP BY ALL
""",
}
TABLES = {
    "bronze.events": "id, ts, who, amount",
    "quarantine.bronze_events": "_reason, _line",
    "silver.events": "id, ts, who, amount",
    "quarantine.silver_events": "_reason, _window_start",
    "gold.people": "who, last_at, amount",
    "gold.totals": "hour, events, amount",
}
CRASH_POINTS = [
    "publish.staged",
    "publish.audited",
    "publish.quarantined",
    "publish.progress_written",
    "publish.committed",
    "storage.put.before_rename",
    "storage.put.after_rename",
    "storage.put_if_absent.before_link",
    "storage.put_if_absent.after_link",
]


def events_of(hour, per_hour=40):
    for i in range(per_hour):
        number = hour * per_hour + i
        yield {
            "id": number,
            "ts": f"2020-05-01T{hour:02}:{i * 60 // per_hour:02}:{number % 60:02}Z",
            "who": None if number % 19 == 7 else f"p{number * 7 % 11}",
            "amount": number * 37 % 1000,
        }


class CrashCase(unittest.TestCase):
    ingot = os.environ.get("INGOT", os.path.join(ROOT, "build/release/ingot"))
    expected = None  # Rows of an undisturbed run, made once.

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="ingot_crash_")
        self.addCleanup(shutil.rmtree, self.work, True)
        self.project = os.path.join(self.work, "project")
        self.lake = os.path.join(self.work, "lake")
        for name, text in PROJECT.items():
            self.write(os.path.join(self.project, name), text)
        for hour in range(HOURS):
            self.write_hour(hour)
        if CrashCase.expected is None:
            self.run_ok(lake=os.path.join(self.work, "undisturbed"))
            CrashCase.expected = self.tables(os.path.join(self.work, "undisturbed"))

    @staticmethod
    def write(path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def write_hour(self, hour, per_hour=40):
        path = os.path.join(self.project, "input", f"2020-05-01-{hour:02}.ndjson")
        self.write(path, "".join(json.dumps(event) + "\n" for event in events_of(hour, per_hour)))

    def command(self, lake, *arguments):
        return [self.ingot, "-C", self.project, "--lake", lake or self.lake, *arguments]

    def run_ingot(self, lake=None, crash=None, window=WINDOW, extra=()):
        env = dict(os.environ, INGOT_CRASH_POINT=crash) if crash else None
        return subprocess.run(
            self.command(lake, "--param", f"source={self.project}/input", "run", "--window", window, *extra),
            capture_output=True, text=True, check=False, env=env, timeout=120)

    def run_ok(self, lake=None, window=WINDOW, extra=()):
        done = self.run_ingot(lake, None, window, extra)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def sql(self, lake, statement):
        done = subprocess.run(self.command(lake, "sql", "--format", "csv", statement),
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.splitlines()[1:]

    def tables(self, lake=None):
        """Every row of every table, in one order."""
        parts = [f"SELECT '{table}' AS t, ({columns.split(',')[0]})::VARCHAR AS k, ROW({columns})::VARCHAR AS r FROM {table}"
                 for table, columns in TABLES.items()]
        return self.sql(lake, "SELECT * FROM (" + " UNION ALL ".join(parts) + ") ORDER BY ALL")

    def assert_undisturbed(self, lake=None, message=None):
        self.assertEqual(self.tables(lake), CrashCase.expected, message)

    def referenced_and_present(self, lake=None):
        """Data files that some version names, and those that are there."""
        lake = lake or self.lake
        named, present = set(), set()
        for folder, _, files in os.walk(lake):
            for name in files:
                path = os.path.join(folder, name)
                if os.path.basename(folder) == "_delta_log":
                    if name.endswith(".json") and name[:20].isdigit():
                        with open(path, encoding="utf-8") as log:
                            actions = [json.loads(line) for line in log]
                        named.update(os.path.join(os.path.dirname(folder), urllib.parse.unquote(a["add"]["path"]))
                                     for a in actions if "add" in a)
                elif name.endswith(".parquet"):
                    present.add(path)
        return named, present

    def assert_all_files_present(self):
        named, present = self.referenced_and_present()
        self.assertEqual(named - present, set())

    def fsck(self):
        for table in list(TABLES) + ["ingot.check_results"]:
            if not os.path.isdir(os.path.join(self.lake, table.replace(".", "/"))):
                continue  # The run was killed before it.
            done = subprocess.run(self.command(None, "table", "fsck", table, "--older-than", "0s", "--remove"),
                                  capture_output=True, text=True, check=False, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def crash_everywhere(self, point, step):
        """Kills a run the first, second, ... time that it passes the point, each in a lake of its own."""
        kills = 0
        for nth in range(1, 1000, step):
            shutil.rmtree(self.lake, True)
            done = self.run_ingot(crash=f"{point}:{nth}")
            if done.returncode == 0:
                break
            self.assertEqual(done.returncode, -signal.SIGKILL, done.stdout + done.stderr)
            kills += 1
            self.assert_all_files_present()
            self.run_ok()
            self.assert_undisturbed(message=f"killed at {point}:{nth}")
            self.assert_all_files_present()
            self.fsck()
            named, present = self.referenced_and_present()
            self.assertEqual(present - named, set(), f"killed at {point}:{nth}")
            self.assert_undisturbed(message=f"after fsck, killed at {point}:{nth}")
        self.assertGreater(kills, 2, "bronze, silver and gold pass this point")

    def test_kill_at_publish_staged(self):
        self.crash_everywhere("publish.staged", 1)

    def test_kill_at_publish_audited(self):
        self.crash_everywhere("publish.audited", 1)

    def test_kill_at_publish_quarantined(self):
        self.crash_everywhere("publish.quarantined", 1)

    def test_kill_at_publish_progress_written(self):
        self.crash_everywhere("publish.progress_written", 1)

    def test_kill_at_publish_committed(self):
        self.crash_everywhere("publish.committed", 1)

    def test_kill_at_storage_put_before_rename(self):
        self.crash_everywhere("storage.put.before_rename", 3)

    def test_kill_at_storage_put_after_rename(self):
        self.crash_everywhere("storage.put.after_rename", 3)

    def test_kill_at_storage_put_if_absent_before_link(self):
        self.crash_everywhere("storage.put_if_absent.before_link", 2)

    def test_kill_at_storage_put_if_absent_after_link(self):
        self.crash_everywhere("storage.put_if_absent.after_link", 2)

    def test_kill_while_a_window_is_replaced(self):
        """The tables exist: the published rows stay visible until the new ones are."""
        for point in CRASH_POINTS[:5]:
            with self.subTest(point):
                shutil.rmtree(self.lake, True)
                self.run_ok()
                done = self.run_ingot(crash=f"{point}:2", extra=("--full",))
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stdout + done.stderr)
                self.assert_undisturbed(message=f"visible after a kill at {point}")
                self.run_ok()
                self.assert_undisturbed(message=f"killed at {point}")

    def test_two_runs_of_one_window_at_once(self):
        for _ in range(10):
            shutil.rmtree(self.lake, True)
            runs = [subprocess.Popen(self.command(None, "--param", f"source={self.project}/input", "run", "--window", WINDOW),
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
            texts = [run.communicate(timeout=120)[0] for run in runs]
            for run, text in zip(runs, texts):
                self.assertIn(run.returncode, (0, 1), text)
                if run.returncode == 1:
                    self.assertIn("another run", text)
            self.run_ok()
            self.assert_undisturbed(message="\n".join(texts))
            self.assert_all_files_present()

    def test_a_second_run_changes_nothing(self):
        self.run_ok()
        before = sorted(os.path.join(folder, name) for folder, _, files in os.walk(self.lake) for name in files)
        self.run_ok()
        self.assertEqual(before, sorted(os.path.join(folder, name) for folder, _, files in os.walk(self.lake) for name in files))

    def test_parallel_runs_give_the_same_tables(self):
        self.run_ok(extra=("--parallel", "4"))
        self.assert_undisturbed()

    def test_interrupt_stops_cleanly(self):
        for hour in range(HOURS):
            self.write_hour(hour, 40000)
        undisturbed = os.path.join(self.work, "large")
        self.run_ok(lake=undisturbed)
        expected = self.tables(undisturbed)
        run = subprocess.Popen(self.command(None, "--param", f"source={self.project}/input", "run", "--window", WINDOW),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        log = os.path.join(self.lake, "bronze/events/_delta_log/00000000000000000000.json")
        while run.poll() is None and not os.path.exists(log):
            time.sleep(0.001)
        run.send_signal(signal.SIGINT)
        text = run.communicate(timeout=120)[0]
        self.assertEqual(run.returncode, 1, text)
        self.assert_all_files_present()
        named, present = self.referenced_and_present()
        self.assertEqual(present, named, "what was staged is gone")
        self.run_ok()
        self.assertEqual(self.tables(), expected)

    def test_a_corrupted_checkpoint_is_passed_by_and_replaced(self):
        for hour in range(4, 12):
            self.write_hour(hour)
        whole = os.path.join(self.work, "whole")
        self.run_ok(lake=whole, window="2020-05-01T00..2020-05-01T12")
        for hour in range(11):
            self.run_ok(window=f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
        damaged = []
        for folder, _, files in os.walk(self.lake):
            for name in files:
                if ".checkpoint" in name and name.endswith(".parquet"):
                    damaged.append(os.path.join(folder, name))
                    os.truncate(damaged[-1], 100)
        self.assertTrue(damaged, "no checkpoint was written")
        done = self.run_ingot(window="2020-05-01T11..2020-05-01T12")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for path in damaged:
            if "/bronze/events/" in path:
                self.assertEqual(done.stderr.count(f"the checkpoint {path} can't be read"), 1, done.stderr)
        self.assertIn("fsck", done.stderr)
        self.assertEqual(self.tables(), self.tables(whole))

        found = self.fsck_everything()
        self.assertEqual(found.returncode, 1, found.stdout + found.stderr)
        for path in damaged:
            self.assertIn(os.path.basename(path), found.stdout)
        self.assertEqual(self.fsck_everything("--remove").returncode, 0)
        clean = self.fsck_everything()
        self.assertEqual((clean.returncode, clean.stderr), (0, ""), clean.stdout)
        for path in damaged:  # What replaced them is enough.
            log = os.path.dirname(path)
            newest = max(name for name in os.listdir(log) if name.endswith(".checkpoint.parquet"))
            for name in os.listdir(log):
                if name.endswith(".json") and name[:20] < newest[:20]:
                    os.remove(os.path.join(log, name))
        self.assertEqual(self.tables(), self.tables(whole))

    def test_a_corrupted_checkpoint_without_the_log_before_it_is_named(self):
        for hour in range(4, 12):
            self.write_hour(hour)
        for hour in range(11):
            self.run_ok(window=f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
        log = os.path.join(self.lake, "bronze/events/_delta_log")
        checkpoint = os.path.join(log, f"{10:020}.checkpoint.parquet")
        os.truncate(checkpoint, 100)
        os.remove(os.path.join(log, f"{3:020}.json"))
        done = self.run_ingot(window="2020-05-01T11..2020-05-01T12")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(checkpoint, done.stdout + done.stderr)
        self.assertIn("put the file back from a copy", done.stdout + done.stderr)

    def fsck_everything(self, *options):
        return subprocess.run(self.command(None, "table", "fsck", "--older-than", "0s", *options),
                              capture_output=True, text=True, check=False, timeout=120)

    def small_disk(self, size):
        disk = os.path.join(self.work, "disk")
        os.makedirs(disk)
        if os.geteuid() != 0:
            self.skipTest("mounting a small disk needs root")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        return disk

    def test_a_full_disk_leaves_the_published_version(self):
        disk = self.small_disk("1m")
        lake = os.path.join(disk, "lake")
        self.run_ok(lake=lake)
        self.assert_undisturbed(lake)
        ballast = os.open(os.path.join(disk, "ballast"), os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(ballast, b"x" * 4096) > 0:
                pass
        except OSError:
            pass  # Full.
        os.close(ballast)
        done = self.run_ingot(lake, extra=("--full",))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("No space left", done.stdout + done.stderr)
        named, present = self.referenced_and_present(lake)
        self.assertEqual(present, named, "what was staged is gone")
        self.assert_undisturbed(lake)
        os.remove(os.path.join(disk, "ballast"))
        self.run_ok(lake=lake, extra=("--full",))
        self.assert_undisturbed(lake)

    def test_a_read_only_lake_is_a_clear_error(self):
        disk = self.small_disk("4m")
        lake = os.path.join(disk, "lake")
        self.run_ok(lake=lake)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        self.run_ok(lake=lake)  # Nothing to do, nothing written.
        done = self.run_ingot(lake, extra=("--full",))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("Read-only", done.stdout + done.stderr)
        self.assert_undisturbed(lake)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", default=CrashCase.ingot)
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    CrashCase.ingot = os.path.abspath(options.ingot)
    names = options.tests or unittest.defaultTestLoader.getTestCaseNames(CrashCase)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(CrashCase(name) for name in names))
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)


if __name__ == "__main__":
    main()
