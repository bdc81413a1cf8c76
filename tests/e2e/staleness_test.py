"""What a run finds to do when inputs, code or the log change: exactly what depends on it, and the same rows in any order."""

import os
import random
import shutil
import signal
import unittest

from project_case import FILES, ProjectCase, event, events, main

HOURS = 6


class Staleness(ProjectCase):
    def built(self, hours=range(HOURS)):
        for hour in hours:
            self.write_hour(hour, events(hour))
        self.succeeds("run", "--window", f"2020-05-01T00..2020-05-01T{HOURS:02}")

    def assert_nothing_to_do(self):
        versions = self.versions()
        self.assertIn("nothing to do", self.succeeds("plan"))
        self.succeeds("run")
        self.assertEqual(self.versions(), versions)

    def assert_same_as_from_scratch(self, message=""):
        found = self.tables()
        kept, self.lake = self.lake, os.path.join(self.work, "scratch")
        self.succeeds("--lake", self.lake, "run")
        self.change("project.yml", "lake: ./lake", f"lake: {self.lake}")
        self.assertEqual(found, self.tables(), message)
        self.change("project.yml", f"lake: {self.lake}", "lake: ./lake")
        shutil.rmtree(self.lake)
        self.lake = kept

    def assert_stale_one_after_the_other(self, hours):
        """Table by table, so that each sees what the one before it did."""
        self.assertEqual(self.planned_hours("bronze.events"), hours)
        for table in ("bronze.events", "silver.events", "gold.hourly"):
            self.assertEqual(self.planned_hours(table), hours, table)
            self.succeeds("run", table)
            self.assertEqual(self.planned_hours(table), [], table)
        self.assertEqual(self.plan()["gold.totals"]["step"], "run")
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()

    # -- inputs

    def test_a_reloaded_hour_makes_exactly_what_depends_on_it_stale(self):
        self.built()
        self.assert_nothing_to_do()
        self.write_hour(2, events(2, 3, amount=100))
        self.assert_stale_one_after_the_other([2])

    def test_a_late_hour_makes_exactly_what_depends_on_it_stale(self):
        self.built(hour for hour in range(HOURS) if hour != 3)
        plan = self.plan()
        self.assertEqual(plan["bronze.events"]["missing"], 1)
        self.assertEqual(self.planned_hours("silver.events"), [])
        self.write_hour(3, events(3))
        self.assert_stale_one_after_the_other([3])

    def test_a_late_row_of_another_hour_reaches_its_window(self):
        self.built()
        self.write_hour(4, events(4) + [event(1, 50)])
        self.succeeds("run", "bronze.events")
        self.assertIn(1, self.planned_hours("silver.events"))
        self.assertIn(4, self.planned_hours("silver.events"))
        self.assertNotIn(0, self.planned_hours("silver.events"))
        self.assertNotIn(5, self.planned_hours("silver.events"))
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()

    def test_a_late_row_that_leaves_the_file_of_another_hour_leaves_its_window(self):
        self.built()
        self.write_hour(4, events(4) + [event(1, 50)])
        self.succeeds("run")
        self.write_hour(4, events(4))
        self.succeeds("run", "bronze.events")
        self.assertIn(1, self.planned_hours("silver.events"))
        self.assertNotIn(0, self.planned_hours("silver.events"))
        self.assertNotIn(5, self.planned_hours("silver.events"))
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()

    def test_a_model_does_not_build_the_windows_that_its_input_lacks(self):
        self.built(range(2))
        self.assertEqual(self.plan("--window", "2020-05-01T00..2020-05-01T06")["silver.events"]["windows"], 0)
        report = self.run_report("silver.events", "--window", "2020-05-01T03..2020-05-01T06")["silver.events"]
        self.assertEqual(report["status"], "up to date")
        self.assertIn("nothing in 2020-05-01T03", report["warnings"][0])

    # -- what is lost

    def test_losing_all_but_the_lake_changes_nothing(self):
        self.built()
        elsewhere = os.path.join(self.work, "elsewhere")
        shutil.copytree(os.path.join(self.project, "input"), os.path.join(elsewhere, "input"))
        for name in self.files:
            os.makedirs(os.path.dirname(os.path.join(elsewhere, name)), exist_ok=True)
            shutil.copy(os.path.join(self.project, name), os.path.join(elsewhere, name))
        shutil.move(self.lake, os.path.join(elsewhere, "lake"))
        shutil.rmtree(self.project)
        self.project, self.lake = elsewhere, os.path.join(elsewhere, "lake")
        self.assert_nothing_to_do()
        self.write_hour(1, events(1, 2))
        self.succeeds("run", "bronze.events")
        self.assertEqual(self.planned_hours("silver.events"), [1])

    def clean_up_logs(self):
        """Removes every commit that a checkpoint stands for, as log cleanup does."""
        removed = 0
        for folder, _, names in os.walk(self.lake):
            points = [int(name[:20]) for name in names if name.endswith(".checkpoint.parquet")]
            for name in names if points else []:
                if name[:20].isdigit() and int(name[:20]) < max(points):
                    os.remove(os.path.join(folder, name))
                    removed += name.endswith(".json")
        return removed

    def test_after_log_cleanup_the_run_knows_what_is_done(self):
        for hour in range(12):
            self.write_hour(hour, events(hour))
            self.succeeds("run", "--window", f"2020-05-01T{hour:02}")
        self.assertGreater(self.clean_up_logs(), 20)
        self.assert_nothing_to_do()
        self.write_hour(5, events(5, 3))
        self.assert_stale_one_after_the_other([5])

    def test_what_log_cleanup_took_before_it_was_read_is_built_again(self):
        self.built(range(2))
        for hour in range(2, 14):
            self.write_hour(hour, events(hour))
            self.write_hour(0, events(0, 5 + hour))
            self.succeeds("run", "bronze.events", "--window", f"2020-05-01T00..2020-05-01T{hour + 1:02}")
        self.assertGreater(self.clean_up_logs(), 8)
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()

    # -- code

    def test_changed_code_goes_forward_or_rebuilds(self):
        self.built()
        self.change("models/silver/events.sql", "time: ts", "time: ts\non_code_change: forward")
        self.succeeds("run")
        self.change("models/silver/events.sql", "amount FROM", "amount + 1000 AS amount FROM")
        self.assertEqual(self.planned_hours("silver.events"), [])
        self.write_hour(HOURS, events(HOURS))
        self.succeeds("run")
        self.assertEqual(self.rows("select count(*) from silver.events where amount >= 1000 group by ts::date"), [("5",)])
        self.change("models/silver/events.sql", "on_code_change: forward", "on_code_change: rebuild")
        self.assertEqual(self.planned_hours("silver.events"), list(range(HOURS)))
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()

    # -- days of a zone

    def test_days_of_a_zone_have_23_and_25_hours(self):
        self.change("sources/events.yml", "window: hour", "window: hour\ntimezone: UTC")
        self.write("models/gold/daily.sql", """/* ---
kind: incremental
time: day_start
window: day
timezone: Europe/Berlin
--- */
SELECT date_trunc('day', ts AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' AS day_start, count(*) AS events
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY ALL
""")
        self.change("project.yml", "start: 2020-05-01", "start: 2020-03-01")
        for month, days, offset in ((3, (28, 29, 30), 1), (10, (24, 25, 26), 2)):
            for hour in range((days[-1] - days[0] + 2) * 24):
                day = days[0] - 1 + hour // 24
                at = f"2020-{month:02}-{day:02}"
                self.write(f"input/{at}-{hour % 24:02}.ndjson",
                           f'{{"id": {day * 100 + hour % 24}, "ts": "{at}T{hour % 24:02}:30:00Z", "who": "p", "amount": {offset}}}\n')
        self.succeeds("run", "--window", "2020-03-27T23..2020-03-30T22")
        self.succeeds("run", "--window", "2020-10-23T22..2020-10-26T23")
        counts = self.rows("select day_start, events from gold.daily order by 1")
        whole = [int(count) for _, count in counts]
        self.assertEqual(whole, [24, 23, 24, 24, 25, 24], counts)
        versions = self.versions()
        self.succeeds("run", "gold.daily", "--window", "2020-03-28..2020-03-31")
        self.assertEqual(self.versions(), versions)

    # -- checks

    def test_a_window_that_fails_its_check_keeps_the_others_and_stops_what_stands_on_it(self):
        self.change("models/silver/events.sql", "time: ts", "time: ts\nchecks: [{name: small, sql: \"max(amount) < 100\"}]")
        for hour in range(HOURS):
            self.write_hour(hour, events(hour, amount=500 if hour == 2 else 1))
        report = self.run_report("--window", f"2020-05-01T00..2020-05-01T{HOURS:02}")
        self.assertEqual(report["bronze.events"]["status"], "published")
        self.assertEqual(report["silver.events"]["status"], "failed")
        self.assertEqual((report["silver.events"]["windows"]["done"], report["silver.events"]["windows"]["failed"]), (HOURS - 1, 1))
        self.assertIn("2020-05-01T02", report["silver.events"]["error"])
        self.assertEqual(report["gold.hourly"]["status"], "skipped")
        self.assertEqual(report["gold.totals"]["status"], "skipped")
        self.assertEqual(len(self.ids("silver.events")), 5 * (HOURS - 1))
        self.write_hour(2, events(2, amount=99))
        self.succeeds("run")
        self.assert_nothing_to_do()
        self.assert_same_as_from_scratch()


class AnyOrder(ProjectCase):
    """Windows in any order and grouping, reloads, kills and parallel tables give the rows of one run from scratch."""

    # An hour may have no rows of its own. Of two rows of one time the one that was loaded last counts.
    files = {name: text.replace("\n--- */", "\nallow_empty: true\n--- */").replace("amount FROM bronze", "amount, _loaded_at FROM bronze")
             for name, text in {**FILES, "models/gold/people.sql": """/* ---
kind: merge
key: [who]
order_by: [last_at, _loaded_at]
time: last_at
--- */
SELECT who, max(ts) AS last_at, max_by(amount, ts) AS amount, max_by(_loaded_at, ts) AS _loaded_at
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY who
""", "models/gold/daily.sql": """/* ---
kind: incremental
time: day
window: day
--- */
SELECT date_trunc('day', ts) AS day, count(*) AS events, sum(amount)::BIGINT AS amount
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY ALL
"""}.items()}
    tables_of_all = ("bronze.events", "silver.events", "gold.hourly", "gold.totals", "gold.people", "gold.daily")
    last_hour = 30
    crash_points = ("publish.staged", "publish.audited", "publish.progress_written", "publish.committed",
                    "storage.put.after_rename", "storage.put_if_absent.before_link", "storage.put_if_absent.after_link")

    def write_some_hour(self, choose, hours, removes):
        """A new hour, or one again with other amounts and rows, some of them late ones of another hour."""
        hour = choose.randrange(self.last_hour)
        of_rows = hours.get(hour, [])  # The hour that each row of the file belongs to.
        if removes and len(of_rows) > 1:
            of_rows = of_rows[:choose.randint(1, len(of_rows))]
        for _ in range(choose.randrange(0 if of_rows else 1, 4)):
            of_rows = of_rows + [hour if choose.random() < 0.8 else choose.randrange(self.last_hour)]
        hours[hour] = of_rows
        rows = []
        for number, of_hour in enumerate(of_rows):
            row = event(of_hour, number, id=hour * 1000 + number, amount=choose.randrange(1000))
            # No two rows have one time, or it would be open which of them is the latest.
            rows.append({**row, "ts": row["ts"].replace(":00Z", f":{hour:02}Z")})
        self.write_hour(hour, rows)

    def run_somehow(self, choose):
        arguments = ["run", "--parallel", str(choose.randint(1, 4))]
        if choose.random() < 0.7:
            first = choose.randrange(self.last_hour)
            last = choose.randint(first + 1, self.last_hour)
            arguments += ["--window", "..".join(f"2020-05-{1 + at // 24:02}T{at % 24:02}" for at in (first, last))]
        arguments += choose.choice([[], [], ["bronze.events"], ["+silver.events"], ["gold.*"], ["+gold.people", "+gold.daily"]])
        killed = choose.random() < 0.3
        self.environment = {"INGOT_CRASH_POINT": f"{choose.choice(self.crash_points)}:{choose.randint(1, 6)}"} if killed else {}
        status, _, text = self.call(*arguments)
        self.environment = {}
        # 1: nothing is there yet for what was asked for.
        self.assertIn(status, (0, 1, -signal.SIGKILL) if killed else (0, 1), text)
        return " ".join(arguments) + f" -> {status}"

    def check_seed(self, seed):
        choose = random.Random(seed)
        hours, history = {}, []
        removes = seed % 2 == 0
        for _ in range(14):
            for _ in range(choose.randint(0, 4)):
                self.write_some_hour(choose, hours, removes)
            history.append(self.run_somehow(choose))
        if not hours:
            self.write_some_hour(choose, hours, removes)
        # What a merge took in it does not give back.
        tables = [table for table in self.tables_of_all if not (removes and table == "gold.people")]
        self.succeeds("run", "--parallel", str(choose.randint(1, 4)))
        message = f"INGOT_SEED={seed}\n" + "\n".join(history)
        self.assertIn("nothing to do", self.succeeds("plan"), message)
        found = self.tables(*tables)
        shutil.rmtree(self.lake)
        self.succeeds("run")
        expected = self.tables(*tables)
        for table in tables:
            self.assertEqual(found[table], expected[table], f"{table}\n{message}")

    def test_any_order_of_windows_reloads_kills_and_parallel_tables_gives_the_same_rows(self):
        seeds = [int(os.environ["INGOT_SEED"])] if "INGOT_SEED" in os.environ else [1, 2, random.randrange(2**32)]
        for seed in seeds:
            print(f"INGOT_SEED={seed}", flush=True)
            with self.subTest(seed=seed):
                shutil.rmtree(self.project)
                for name, text in self.files.items():
                    self.write(name, text)
                self.check_seed(seed)

    def test_a_corrected_row_replaces_a_merged_one_only_when_the_order_says_that_it_is_newer(self):
        self.write("models/gold/greatest.sql", self.files["models/gold/people.sql"].replace("[last_at, _loaded_at]", "[last_at]"))
        for amount in (5, 9, 7):
            self.write_hour(0, [event(0, 1, amount=amount)])
            self.succeeds("run")
        self.assertEqual(self.rows("select amount from gold.people"), [("7",)])
        self.assertEqual(self.rows("select amount from gold.greatest"), [("9",)])

    def test_a_merged_row_stays_when_its_hour_comes_again_without_it(self):
        self.write_hour(0, events(0))
        self.succeeds("run")
        self.write_hour(0, [row for row in events(0) if row["who"] != "p1"])
        self.succeeds("run")
        self.assertEqual(self.rows("select who from gold.totals order by 1"), [("p0",), ("p2",)])
        self.assertEqual(self.rows("select who from gold.people order by 1"), [("p0",), ("p1",), ("p2",)])
        self.succeeds("run", "gold.people", "--full")
        self.assertEqual(self.rows("select who from gold.people order by 1"), [("p0",), ("p2",)])


if __name__ == "__main__":
    unittest.installHandler()
    main()
