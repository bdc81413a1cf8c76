"""examples/gharchive: the cases D1 to D12 and D25, and the figures of the real hours. A test is named by its case."""

import copy
import gzip
import os
import unittest

from example_case import ExampleCase, main

GREATFIRE = {
    "id": "2489651112",
    "type": "PushEvent",
    "actor": {
        "id": 6158630,
        "login": "greatfire",
        "gravatar_id": "",
        "url": "https://api.github.com/users/greatfire",
        "avatar_url": "https://avatars.githubusercontent.com/u/6158630?",
    },
    "repo": {"id": 15100395, "name": "greatfire/wiki", "url": "https://api.github.com/repos/greatfire/wiki"},
    "payload": {"push_id": 536863993, "size": 1, "distinct_size": 1, "ref": "refs/heads/master", "head": "28", "before": "e4", "commits": []},
    "public": True,
    "created_at": "2015-01-01T15:00:08Z",
}
ORGANIZATION = {
    "id": 10245750,
    "login": "engines",
    "gravatar_id": None,
    "url": "https://api.github.com/orgs/engines",
    "avatar_url": "https://avatars.githubusercontent.com/u/10245750?",
}
LEGACY = {
    "created_at": "2012-04-11T15:01:38-07:00",
    "actor": "ada",
    "repository": {"name": "engine", "owner": "ada"},
    "type": "WatchEvent",
    "public": True,
    "payload": {"action": "started"},
}


def event(number, **changes):
    """The known event under another id; `actor`, `login` and `repo` change the ids and names inside."""
    made = copy.deepcopy(GREATFIRE)
    made["id"] = str(number)
    for key, value in changes.items():
        if key == "actor":
            made["actor"]["id"] = value
        elif key == "login":
            made["actor"]["login"] = value
        elif key == "repo":
            made["repo"]["id"] = value
        elif value is None:
            del made[key]
        else:
            made[key] = value
    return made


class GhArchive(ExampleCase):
    project = "gharchive"

    def setUp(self):
        super().setUp()
        self.params["source"] = os.path.join(self.work, "hours")
        os.makedirs(self.params["source"])

    def load(self, *events, hour="2015-01-01-15"):
        self.write_hour(hour, events)
        return self.run_ok("--window", "2015-01-01T15..2015-01-01T16")

    def test_d1_the_hour_in_a_file_name_has_no_leading_zero(self):
        self.write_hour("2015-01-01-5", [event(1, created_at="2015-01-01T05:00:00Z")])
        self.write_hour("2015-01-01-05", [event(2, created_at="2015-01-01T05:00:00Z")])
        self.run_ok("--window", "2015-01-01T05..2015-01-01T06")
        self.assertEqual(self.rows("select id from bronze.events"), [{"id": "1"}])

    def test_d2_a_window_is_read_with_and_without_a_fraction(self):
        self.write_hour("2015-01-01-15", [GREATFIRE])
        self.run_ok("--window", "2015-01-01T15:00:00+00:00..2015-01-01T16:00:00.000000+00:00")
        self.assertEqual(self.number("select count(*) from gold.events"), 1)

    def test_d4_an_absent_hour_is_recorded_and_the_others_load(self):
        self.write_hour("2015-01-01-14", [event(1, created_at="2015-01-01T14:00:00Z")])
        text = self.run_ok("--window", "2015-01-01T14..2015-01-01T16")
        self.assertIn("missing", text)
        self.assertEqual(self.number("select count(*) from gold.events"), 1)
        self.write_hour("2015-01-01-15", [GREATFIRE])
        self.run_ok("--window", "2015-01-01T14..2015-01-01T16")
        self.assertEqual(self.number("select count(*) from gold.events"), 2)

    def test_d4_no_hour_at_all_is_a_failure(self):
        self.run_fails("--window", "2015-01-01T14..2015-01-01T16")

    def test_d4_a_truncated_file_fails_and_leaves_nothing(self):
        packed = gzip.compress("".join(f'{{"id":"{n}"}}\n' for n in range(100000)).encode())
        with open(os.path.join(self.params["source"], "2015-01-01-15.json.gz"), "wb") as file:
            file.write(packed[: len(packed) // 2])
        text = self.run_fails("--window", "2015-01-01T15..2015-01-01T16")
        self.assertIn("2015-01-01-15.json.gz", text)
        self.assertNotIn("gold/events", self.versions())

    def test_d5_the_known_event_gives_its_user_repository_and_event(self):
        self.load(GREATFIRE)
        self.assertEqual(
            self.rows("select id, login, gravatar_id, avatar_url, url from gold.users"),
            [
                {
                    "id": "6158630",
                    "login": "greatfire",
                    "gravatar_id": "",
                    "avatar_url": "https://avatars.githubusercontent.com/u/6158630?",
                    "url": "https://api.github.com/users/greatfire",
                }
            ],
        )
        self.assertEqual(self.number("select count(*) from gold.users where gravatar_id = ''"), 1)
        self.assertEqual(
            self.rows("select id, name, url from gold.repos"),
            [{"id": "15100395", "name": "greatfire/wiki", "url": "https://api.github.com/repos/greatfire/wiki"}],
        )
        self.assertEqual(
            self.rows("select actor_id, org_id, id, type, public, repo_id, repo_name, repo_url from gold.events"),
            [
                {
                    "actor_id": "6158630",
                    "org_id": "",
                    "id": "2489651112",
                    "type": "PushEvent",
                    "public": "true",
                    "repo_id": "15100395",
                    "repo_name": "greatfire/wiki",
                    "repo_url": "https://api.github.com/repos/greatfire/wiki",
                }
            ],
        )
        self.assertEqual(self.number("select count(*) from gold.organizations"), 0)

    def test_d6_users_repositories_and_organizations_count_once(self):
        self.load(event(1, actor=1), event(2, actor=2), event(3, actor=1, org=ORGANIZATION))
        counts = [self.number(f"select count(*) from gold.{t}") for t in ("users", "repos", "organizations", "events")]
        self.assertEqual(counts, [2, 1, 1, 3])

    def test_d7_loading_an_hour_again_changes_nothing(self):
        self.load(event(1), event(2, actor=5))
        versions = self.versions()
        self.run_ok("--window", "2015-01-01T15..2015-01-01T16")
        self.assertEqual(self.versions(), versions)
        self.run_ok("--window", "2015-01-01T15..2015-01-01T16", "--full")
        counts = [self.number(f"select count(*) from gold.{t}") for t in ("users", "repos", "events")]
        self.assertEqual(counts, [2, 1, 2])

    def test_d7_the_latest_name_wins_in_any_order_of_hours(self):
        self.write_hour("2015-01-01-15", [event(9, login="new")])
        self.run_ok("--window", "2015-01-01T15..2015-01-01T16")
        self.write_hour("2015-01-01-14", [event(3, login="old", created_at="2015-01-01T14:00:00Z")])
        self.run_ok("--window", "2015-01-01T14..2015-01-01T16")
        self.assertEqual(self.rows("select login from gold.users"), [{"login": "new"}])

    def test_d7_an_event_that_occurs_twice_is_kept_once_and_the_other_is_quarantined(self):
        self.load(event(1), event(1), event(2))
        self.assertEqual(self.number("select count(*) from silver.events"), 2)
        self.assertEqual([row["reason"] for row in self.quarantined("silver_events")], ["DUPLICATE_ID"])

    def test_d8_an_hour_that_is_loaded_again_replaces_only_itself(self):
        self.write_hour("2015-01-01-14", [event(1, created_at="2015-01-01T14:59:59Z")])
        self.write_hour("2015-01-01-15", [event(2), event(3)])
        self.run_ok("--window", "2015-01-01T14..2015-01-01T16")
        self.assertEqual(self.number("select count(*) from silver.events"), 3)
        self.write_hour("2015-01-01-15", [event(4)])
        self.run_ok("--window", "2015-01-01T15..2015-01-01T16", "--full")
        for table in ("bronze.events", "silver.events", "gold.events"):
            self.assertEqual(self.rows(f"select id from {table} order by id"), [{"id": "1"}, {"id": "4"}], table)

    def test_d9_an_event_without_organization_and_one_without_gravatar_are_kept(self):
        self.load(event(1), event(2, org=ORGANIZATION))
        self.assertEqual(self.number("select count(*) from gold.events where org_id is null"), 1)
        self.assertEqual(
            self.rows("select id, login, gravatar_id is null as absent from gold.organizations"),
            [{"id": "10245750", "login": "engines", "absent": "true"}],
        )

    def test_d10_unreadable_records_are_quarantined_with_line_and_reason(self):
        self.load(
            event(1), "not json", event(2, id=None), event(3, type=None), event(4, created_at=None),
            event(5) | {"repo": None}, event(6) | {"actor": None}, event(7),
        )  # fmt: skip
        rejected = self.quarantined("bronze_events")
        self.assertEqual(self.rows("select id from bronze.events order by id"), [{"id": "1"}, {"id": "7"}])
        self.assertEqual(len(rejected), 6)
        lines = sorted(int(row.get("line") or row.get("_line")) for row in rejected)
        self.assertEqual(lines, [2, 3, 4, 5, 6, 7])
        self.assertTrue(all(row["reason"] for row in rejected), rejected)

    def test_d11_times_are_instants(self):
        self.load(GREATFIRE)
        self.assertEqual(self.number("select epoch(created_at)::bigint from gold.events"), 1420124408)

    def test_d12_records_of_the_legacy_format_are_refused_never_nulls(self):
        self.load(event(1), LEGACY)
        self.assertEqual(self.rows("select id from bronze.events"), [{"id": "1"}])
        (rejected,) = self.quarantined("bronze_events")
        self.assertIn("legacy format", " ".join(str(value) for value in rejected.values()))

    def test_d25_a_day_is_backfilled_and_running_again_changes_nothing(self):
        status, _, text = self.command(
            "datagen", "gharchive", "--hours", "24", "--start", "2015-01-01T00", "--seed", "1", "--out", self.params["source"]
        )
        self.assertEqual(status, 0, text)
        lines = 0
        for name in os.listdir(self.params["source"]):
            with gzip.open(os.path.join(self.params["source"], name), "rb") as file:
                lines += sum(1 for _ in file)
        self.run_ok("--window", "2015-01-01T00..2015-01-02T00")
        self.assertEqual(self.number("select count(*) from bronze.events"), lines)
        self.assertEqual(self.number("select count(*) from gold.events"), lines)
        self.assertEqual(self.number("select count(distinct hour) from gold.hourly_activity"), 24)
        versions = self.versions()
        self.run_ok("--window", "2015-01-01T00..2015-01-02T00")
        self.assertEqual(self.versions(), versions)

    def test_gharchive_figures_of_the_twelve_real_hours(self):
        real = self.real_data("gharchive")
        for hour in [f"2015-01-01-{h}" for h in (0, 1, 3, 4, 5, 15)] + [f"2016-01-01-{h}" for h in range(1, 7)]:
            os.symlink(os.path.join(real, hour + ".json.gz"), os.path.join(self.params["source"], hour + ".json.gz"))
        self.run_ok()
        counts = [self.number(f"select count(*) from gold.{t}") for t in ("events", "users", "repos", "organizations")]
        self.assertEqual(counts, [113530, 34337, 40830, 5802])
        self.assertEqual(self.number("select sum(events) from gold.hourly_activity"), 113530)
        self.assertEqual(self.number("select count(*) from silver.push_events"), 65456)

    def test_gharchive_every_record_of_real_legacy_hours_is_refused_as_such(self):
        for name, hour in ("2012-04-11-15", 15), ("2014-02-15-0", 16):
            legacy = self.real_data("gharchive", name + ".json.gz")
            self.write_hour(f"2015-01-01-{hour}", [event(hour, created_at=f"2015-01-01T{hour}:00:00Z")])
            with open(os.path.join(self.params["source"], f"2015-01-01-{hour}.json.gz"), "ab") as file, open(legacy, "rb") as old:
                file.write(old.read())
        self.run_ok("--window", "2015-01-01T15..2015-01-01T17")
        self.assertEqual(self.rows("select id from bronze.events order by id"), [{"id": "15"}, {"id": "16"}])
        self.assertEqual(
            self.rows("select _file, split_part(_reason, ':', 1) as reason, count(*) as records from quarantine.bronze_events group by all order by 1"),
            [
                {"_file": "2015-01-01-15.json.gz", "reason": "legacy format", "records": "5712"},
                {"_file": "2015-01-01-16.json.gz", "reason": "legacy format", "records": "7119"},
            ],
        )
        self.assertEqual(self.number("select count(*) from gold.users"), 1)

    def test_gharchive_unit_tests_of_the_models_pass(self):
        status, _, text = self.command("test")
        self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.installHandler()
    main()
