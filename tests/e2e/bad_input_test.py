"""What a bad input does: the message, the exit code, and what stays. README.md lists every kind and its test."""

import os
import re
import unittest

from project_case import ROOT, ProjectCase, event, events, main

WINDOW = ("--window", "2020-05-01T00..2020-05-01T02")


class BadInput(ProjectCase):
    def built(self, hours=1):
        for hour in range(hours):
            self.write_hour(hour, events(hour))
        self.succeeds("run")

    def published_versions(self):
        """Without quarantine, where rejected rows may be looked at whatever becomes of the run."""
        return {table: number for table, number in self.versions().items() if not table.startswith("quarantine")}

    def assert_untouched(self, tables, versions):
        """Rows and versions are as before, and nothing that was staged is left."""
        self.assertEqual(self.tables(), tables)
        self.assertEqual(self.published_versions(), versions)
        self.assertEqual(self.unreferenced(), set())

    def assert_fails_and_changes_nothing(self, *arguments, says):
        tables, versions = self.tables(), self.published_versions()
        text = self.fails(*arguments, says=says)
        self.assert_untouched(tables, versions)
        return text

    def assert_refused_before_anything_is_written(self, *says):
        self.write_hour(0, events(0))
        self.fails("run", says=says)
        self.assertFalse(os.path.exists(self.lake))

    # -- what is in a file

    def test_a_truncated_gzip_publishes_nothing_of_itself_and_the_good_hours(self):
        self.change("sources/events.yml", ".ndjson", ".ndjson.gz")
        self.write_packed_hour(0, events(0))
        self.write_packed_hour(1, [event(1, number % 60, id=number) for number in range(5000)], share=0.6)
        self.fails("run", *WINDOW, says=["2020-05-01-01.ndjson.gz", "2020-05-01T01"])
        self.assertEqual(self.ids(), [0, 1, 2, 3, 4])
        self.assertEqual(self.unreferenced(), set())
        self.write_packed_hour(1, events(1))
        self.succeeds("run", *WINDOW)
        self.assertEqual(len(self.ids("silver.events")), 10)

    def test_a_line_that_is_not_json_goes_to_quarantine_with_its_place(self):
        self.write_hour(0, [event(0, 1), "{\"id\": 2, oops", event(0, 3)])
        report = self.run_report(*WINDOW)["bronze.events"]
        self.assertEqual((report["rows"]["selected"], report["rows"]["published"], report["rows"]["rejected"]), (3, 2, 1))
        self.assertEqual(self.ids(), [1, 3])
        self.assertEqual(self.rows("select _file, _line, _raw from quarantine.bronze_events"),
                         [("2020-05-01-00.ndjson", "2", "{\"id\": 2, oops")])

    def test_a_line_that_is_not_json_stops_the_load_where_the_project_says_so(self):
        self.built()
        self.change("sources/events.yml", "unknown_fields: ignore", "bad_row: fail")
        self.write_hour(1, [event(1, 1), "not json"])
        self.assert_fails_and_changes_nothing("run", "bronze.events", "--window", "2020-05-01T01",
                                              says=["2020-05-01-01.ndjson", "2"])

    def test_a_line_of_300_kb_is_a_row(self):
        self.write_hour(0, [event(0, 1), event(0, 2, who="x" * 300_000), event(0, 3)])
        self.succeeds("run", *WINDOW)
        self.assertEqual(self.rows("select id, length(who) from silver.events order by id"), [("1", "2"), ("2", "300000"), ("3", "2")])

    def test_a_null_pull_request_is_a_null(self):
        self.change("sources/events.yml", "amount: bigint",
                    'amount: bigint, pull_request: "struct(id bigint)", payload: json')
        self.write_hour(0, [event(0, 1, pull_request=None, payload={"pull_request": None}),
                            event(0, 2, pull_request={"id": 7}, payload={"pull_request": {"id": 7}}), event(0, 3)])
        self.succeeds("run", *WINDOW)
        self.assertEqual(self.rows("select id, pull_request.id, payload->'$.pull_request.id' from bronze.events order by id"),
                         [("1", "", ""), ("2", "7", "7"), ("3", "", "")])
        self.assertEqual(self.value("select count(*) from bronze.events where pull_request is null"), "2")

    def test_a_type_change_in_the_source_is_rejected_by_value(self):
        self.built()
        self.write_hour(1, [event(1, 1), event(1, 2, id="x2")])
        report = self.run_report(*WINDOW)["bronze.events"]
        self.assertEqual((report["rows"]["published"], report["rows"]["rejected"]), (1, 1))
        ((reason, raw),) = self.rows("select _reason, _raw from quarantine.bronze_events")
        self.assertIn("bad value: id", reason)
        self.assertIn('"id": "x2"', raw)

    def test_a_type_change_of_all_records_is_red(self):
        self.built()
        self.write_hour(1, events(1, id="none"))
        self.assert_fails_and_changes_nothing("run", *WINDOW, says=["2020-05-01T01", "2020-05-01-01.ndjson:1", "id", "none"])

    def test_a_type_change_of_a_model_names_the_column(self):
        self.built()
        self.change("models/gold/totals.sql", "count(*) AS events", "count(*)::VARCHAR AS events")
        self.change("models/gold/totals.sql", "kind: table", "kind: table\non_schema_change: fail")
        self.assert_fails_and_changes_nothing("run", says=["gold.totals", "'events' is long in the table, and now string"])

    # -- what is not there

    def test_a_missing_file_is_named_with_the_place_that_asks_for_it(self):
        self.write("sources/people.yml", "table: bronze.people\nload: snapshot\nfrom: {files: lists/people.csv}\ncolumns: {who: varchar}\n")
        self.fails("run", "bronze.people", says=["sources/people.yml:1:1", "no file at", "lists/people.csv", "check the path"])
        self.assertFalse(os.path.exists(self.lake))

    def test_an_empty_folder_is_named_with_the_pattern_that_was_looked_for(self):
        self.write("sources/people.yml", "table: bronze.people\nload: files\nfrom: {files: \"lists/*.csv\"}\ncolumns: {who: varchar}\n")
        for _ in range(2):  # Without the folder, and with it.
            self.fails("run", "bronze.people", says=["sources/people.yml:1:1", "no file at", "lists/*.csv", "check the path"])
            os.makedirs(os.path.join(self.project, "lists"), exist_ok=True)
        self.assertFalse(os.path.exists(self.lake))

    def test_a_wrong_source_folder_is_red(self):
        self.built()
        self.assert_fails_and_changes_nothing("--param", "source=./elsewhere", "run", "--window", "2020-05-01T04..2020-05-01T08",
                                              says=["all 4 windows", "elsewhere/2020-05-01-04.ndjson"])

    # -- what is in the project

    def test_an_unknown_key_is_named_with_its_place_and_the_nearest(self):
        self.change("sources/events.yml", "missing:", "mising:")
        self.assert_refused_before_anything_is_written("sources/events.yml:6:1", "'mising'", "did you mean 'missing'")

    def test_a_missing_column_is_named_with_its_place_and_the_nearest(self):
        self.change("models/gold/totals.sql", "sum(amount)", "sum(amuont)")
        self.assert_refused_before_anything_is_written("models/gold/totals.sql:4:37", "amuont", "\"amount\"")

    def test_a_cycle_is_shown_with_its_places(self):
        self.change("models/silver/events.sql", "FROM bronze.events", "FROM gold.cyclic")
        self.write("models/gold/cyclic.sql", "SELECT * FROM silver.events")
        self.assert_refused_before_anything_is_written("cycle", "models/silver/events.sql:5", "models/gold/cyclic.sql:1")

    # -- what a check says, and what time says

    def test_a_failing_check_leaves_the_old_version_and_no_staged_file(self):
        self.built()
        self.change("models/gold/totals.sql", "kind: table", "kind: table\nchecks: [{name: small, sql: \"max(events) < 3\"}]")
        self.write_hour(1, events(1))
        self.succeeds("run", "+silver.events")
        before = self.tables("gold.totals"), self.versions()["gold/totals"]
        self.fails("run", says=["gold.totals", "small", "models/gold/totals.sql:3"])
        self.assertEqual((self.tables("gold.totals"), self.versions()["gold/totals"]), before)
        self.assertEqual(self.unreferenced(), set())

    def test_a_clock_that_goes_backwards_changes_nothing_but_the_times(self):
        shift = os.environ.get("INGOT_CLOCK_SHIFT")
        if not shift:
            self.skipTest("INGOT_CLOCK_SHIFT does not name the library that shifts the clock")
        self.write_hour(0, events(0))
        self.write_hour(2, events(2))
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T03")
        self.environment = {"LD_PRELOAD": shift, "CLOCK_SHIFT_SECONDS": str(-2 * 86400)}
        self.assertIn("1 of 3 windows", self.plan()["bronze.events"]["warnings"][0])
        self.write_hour(1, events(1))
        self.write_hour(2, events(2, 7))
        self.succeeds("run")
        self.assertEqual(len(self.ids("silver.events")), 17)
        self.assertEqual([row[1] for row in self.rows("select hour, events from gold.hourly order by 1")], ["5", "5", "7"])
        self.succeeds("table", "fsck", "--older-than", "1h", "--remove")
        self.assertEqual(len(self.ids("silver.events")), 17)
        versions = self.versions()
        self.assertIn("nothing to do", self.succeeds("plan"))
        self.environment = {}
        self.succeeds("run")
        self.assertEqual(self.versions(), versions)

    # -- the list

    def test_the_list_in_the_readme_names_tests_that_exist(self):
        folder = os.path.join(ROOT, "tests/e2e")
        with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
            named = re.findall(r"`e2e\.(\w+)\.(\w+)`", file.read())
        self.assertGreater(len(named), 20)
        for script, name in named:
            with open(os.path.join(folder, script + "_test.py"), encoding="utf-8") as file:
                self.assertIn(f"def test_{name}(self)", file.read(), script)


if __name__ == "__main__":
    unittest.installHandler()
    main()
