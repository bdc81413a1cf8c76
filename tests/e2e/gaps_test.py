"""Windows with gaps between them are one pass and one commit, and give the rows that one window after the other gives."""

import project_case
from project_case import event, hour_name

HOURS = (0, 1, 4, 7, 8, 20)
FILES = {
    **{name: project_case.FILES[name] for name in ("project.yml", "sources/events.yml")},
    "models/silver/by_hour.sql": """/* ---
kind: incremental
key: [id]
time: ts
--- */
SELECT id, who, ts FROM bronze.events WHERE ts >= $window.start AND ts < $window.end -- of one hour
""",
    "models/gold/visitors.sql": """/* ---
kind: merge
key: [who]
order_by: [last_seen]
--- */
SELECT who, max(ts) AS last_seen, arg_max(id, ts) AS last_id
FROM bronze.events WHERE ts >= $window.start AND ts < $window.end GROUP BY who
""",
}


class GapsTest(project_case.ProjectCase):
    files = FILES

    def setUp(self):
        super().setUp()
        for hour in HOURS:
            self.write_hour(hour, [event(hour, number, who=f"v{(hour + number) % 5}") for number in range(4)])

    def built(self, lake, *windows):
        """Rows and number of commits of both models after these runs into a lake of its own."""
        self.lake = f"{self.project}/{lake}"
        for window in windows:
            self.succeeds("--lake", self.lake, "run", *window)
        rows = [self.rows_of(table) for table in ("silver.by_hour", "gold.visitors")]
        return rows, [self.versions()[table] for table in ("silver/by_hour", "gold/visitors")]

    def rows_of(self, table):
        status, out, text = self.call("--lake", self.lake, "sql", "--format", "csv", f"select * from {table} order by all")
        self.assertEqual(status, 0, text)
        return out

    def test_windows_with_gaps_are_one_commit_and_give_the_same_rows(self):
        at_once, commits = self.built("at_once", ())
        self.assertEqual(commits, [1, 1])
        self.assertIn("nothing to do", self.succeeds("--lake", self.lake, "plan"))
        hours = [("--window", hour_name(hour)[:10] + "T" + hour_name(hour)[11:]) for hour in reversed(HOURS)]
        one_by_one, commits = self.built("one_by_one", *hours)
        self.assertEqual(commits, [len(HOURS), len(HOURS)])
        self.assertEqual(at_once, one_by_one)

    def test_a_row_in_a_gap_belongs_to_no_window_of_the_run(self):
        self.change("models/silver/by_hour.sql", "ts < $window.end", "ts < $window.end + INTERVAL 2 HOUR")
        self.write_hour(1, [event(1, 1, ts="2020-05-01T03:30:00Z")])
        self.fails("run", "silver.by_hour", "bronze.events", says=["outside the run's window"])


if __name__ == "__main__":
    project_case.main()
