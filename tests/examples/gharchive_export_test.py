"""examples/gharchive into a real PostgreSQL: the cases D5 to D9, D19, D20 and D25. A test is named by its case."""

import json
import os
import shutil
import sys
import unittest

from example_case import ROOT, ExampleCase, main
from gharchive_test import GREATFIRE, ORGANIZATION, event

sys.path.insert(0, os.path.join(ROOT, "tests", "components"))
from postgres_server import PostgresServer  # noqa: E402

TABLES = ("users", "repos", "organizations", "events")


class GhArchiveExport(ExampleCase):
    project = "gharchive"

    def setUp(self):
        super().setUp()
        shutil.copytree(self.folder, os.path.join(self.work, "project"), ignore=shutil.ignore_patterns(".ingot", "lake", "sample"))
        self.folder = os.path.join(self.work, "project")
        self.params["source"] = os.path.join(self.work, "hours")
        os.makedirs(self.params["source"])
        self.postgres = PostgresServer(os.path.join(self.work, "postgres"), database="github_archive")
        self.addCleanup(self.postgres.stop)
        for name, value in ("PGHOST", self.postgres.host), ("PGPORT", self.postgres.port), ("PG_PASSWORD", "not-asked-for"):
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)

    def hour(self, number, *arguments):
        return self.run_ok("--pipeline", "hourly", "--window", f"2015-01-01T{number:02}..2015-01-01T{number + 1:02}", *arguments)

    def load(self, *events, hour=15):
        self.write_hour(f"2015-01-01-{hour}", events)
        return self.hour(hour)

    def counts(self):
        return [int(self.postgres.value(f"select count(*) from {table}")) for table in TABLES]

    def everything(self):
        found = {table: self.postgres.rows(f"select * from {table} order by id") for table in TABLES}
        return found | {"versions": self.postgres.rows("select target, version from ingot_exports order by target")}

    def test_d5_the_known_event_in_postgres(self):
        self.load(GREATFIRE)
        self.assertEqual(self.postgres.rows("select * from users"),
                         [("6158630", "greatfire", "", "https://avatars.githubusercontent.com/u/6158630?", "https://api.github.com/users/greatfire")])
        self.assertEqual(self.postgres.rows("select * from repos"), [("15100395", "greatfire/wiki", "https://api.github.com/repos/greatfire/wiki")])
        self.assertEqual(self.postgres.rows("set timezone = 'UTC'; select * from events"),
                         [("6158630", "∅", "2489651112", "2015-01-01 15:00:08+00", "PushEvent", "t", "15100395", "greatfire/wiki",
                           "https://api.github.com/repos/greatfire/wiki")])
        self.assertEqual(self.postgres.rows("select * from organizations"), [])

    def test_d6_users_repositories_and_organizations_count_once_in_postgres(self):
        self.load(event(1, actor=1), event(2, actor=2), event(3, actor=1, org=ORGANIZATION))
        self.assertEqual(self.counts(), [2, 1, 1, 3])

    def test_d7_exporting_an_hour_twice_changes_nothing_and_the_latest_name_wins(self):
        self.load(event(1), event(2, actor=5, login="old"))
        before = self.everything()
        self.assertIn("0 of 4 tables written", self.hour(15))
        self.assertEqual(self.everything(), before)
        self.hour(15, "--full")
        self.assertEqual(self.counts(), [2, 1, 0, 2])
        self.load(event(3, actor=5, login="new", created_at="2015-01-01T16:00:00Z"), hour=16)
        self.assertEqual(self.postgres.rows("select login from users where id = 5"), [("new",)])
        self.assertEqual(self.counts(), [2, 1, 0, 3])

    def test_d8_two_hours_are_both_in_postgres(self):
        self.load(event(1, created_at="2015-01-01T14:59:59Z"), hour=14)
        self.load(event(2))
        self.assertEqual(self.postgres.rows("select id from events order by id"), [("1",), ("2",)])

    def test_d9_an_absent_organization_is_null_and_an_absent_gravatar_is_kept_in_postgres(self):
        self.load(event(1), event(2, org=ORGANIZATION))
        self.assertEqual(self.postgres.rows("select id, org_id from events order by id"), [("1", "∅"), ("2", "10245750")])
        self.assertEqual(self.postgres.rows("select id, login, gravatar_id from organizations"), [("10245750", "engines", "∅")])

    def test_d19_a_failure_after_users_leaves_all_four_tables_unchanged(self):
        self.load(event(1, actor=1, login="old"))
        self.postgres.execute("alter table events add constraint small check (id::bigint < 5)")
        before = self.everything()
        self.write_hour("2015-01-01-16", [event(9, actor=1, login="new", created_at="2015-01-01T16:00:00Z")])
        text = self.run_fails("--pipeline", "hourly", "--window", "2015-01-01T16..2015-01-01T17")
        self.assertIn("while exporting gold.events to warehouse.public.events", text)
        self.assertIn("SQLSTATE 23514", text)
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.postgres.value("select login from users"), "old")
        self.postgres.execute("alter table events drop constraint small")
        self.hour(16)
        self.assertEqual(self.postgres.value("select login from users"), "new")
        self.assertEqual(self.counts(), [1, 1, 0, 2])

    def test_d20_a_failed_export_is_made_again_from_the_lake_without_the_source(self):
        self.write_hour("2015-01-01-15", [event(1)])
        self.write_hour("2015-01-01-16", [event(2, created_at="2015-01-01T16:00:00Z")])
        self.postgres.execute("create table events (id integer)")
        self.run_fails("--pipeline", "hourly", "--window", "2015-01-01T15..2015-01-01T16")
        self.assertTrue(os.path.exists(os.path.join(self.params["source"], "2015-01-01-16.json.gz")))
        self.assertEqual(self.rows("select id from bronze.events"), [{"id": "1"}])
        os.remove(os.path.join(self.params["source"], "2015-01-01-15.json.gz"))
        self.postgres.execute("drop table events")
        self.hour(15)
        self.assertEqual(self.counts(), [1, 1, 0, 1])
        self.hour(16)
        self.assertEqual(self.counts(), [1, 1, 0, 2])

    def test_d25_a_day_hour_by_hour_and_at_once_are_the_same_in_postgres(self):
        status, _, text = self.command("datagen", "gharchive", "--hours", "6", "--start", "2015-01-01T00", "--scale", "0.1", "--out", self.params["source"])
        self.assertEqual(status, 0, text)
        for number in (3, 1):
            self.hour(number)
        self.run_ok("--pipeline", "hourly", "--window", "2015-01-01T00..2015-01-01T06")
        for table in TABLES:
            here = self.number(f"select count(*) from gold.{table}")
            self.assertEqual(self.postgres.value(f"select count(*) from {table}"), str(here), table)
        names = sorted(json.dumps(row) for row in self.rows("select id, login from gold.users"))
        there = sorted(json.dumps({"id": id, "login": login}) for id, login in self.postgres.rows("select id, login from users"))
        self.assertEqual(there, names)

    def test_a_kill_of_the_export_leaves_all_four_tables_and_the_same_command_goes_on(self):
        self.load(event(1, actor=1, login="old"))
        before = self.everything()
        self.write_hour("2015-01-01-16", [event(9, actor=1, login="new", created_at="2015-01-01T16:00:00Z")])
        os.environ["INGOT_CRASH_POINT"] = "export.written:2"
        self.addCleanup(os.environ.pop, "INGOT_CRASH_POINT", None)
        status, _, text = self.command("run", "--pipeline", "hourly", "--window", "2015-01-01T16..2015-01-01T17")
        self.assertEqual(status, -9, text)
        del os.environ["INGOT_CRASH_POINT"]
        self.assertEqual(self.everything(), before)
        self.hour(16)
        self.assertEqual(self.postgres.value("select login from users"), "new")
        self.assertEqual(self.counts(), [1, 1, 0, 2])


if __name__ == "__main__":
    unittest.installHandler()
    main()
