"""Backfills of tables that a selection names, and what may be done to backfills from the command line. Runs the real binary."""

import json
import os
import signal

from pipeline_case import shell
from project_case import FILES, event, events, main
from server_case import Refused, ServerCase

DAY = "2020-05-01..2020-05-02"
NAMED = "select:+silver.events"


class BackfillTest(ServerCase):
    files = {**FILES, "pipelines/hourly.yml": f"""
window: hour
tasks: {{hold: {{command: {shell("while [ ! -e go -a -e project.yml ]; do sleep 0.05; done")}}}}}
"""}

    def setUp(self):
        super().setUp()
        for hour in range(24):
            self.write_hour(hour, events(hour))

    def json(self, *arguments):
        status, out, text = self.call("--json", *arguments)
        self.assertEqual(status, 0, text)
        return json.loads(out)

    def reasons(self, plan):
        found = {}
        for window in plan["windows"]:
            what = (window["action"], window["reason"])
            found[what] = found.get(what, 0) + 1
        return found

    def hours_of(self, table):
        return [int(hour) for (hour,) in self.rows(f"SELECT DISTINCT hour(ts) FROM {table} ORDER BY 1")]

    # -- of a selection

    def test_tables_are_filled_window_by_window_and_only_what_is_missing(self):
        self.succeeds("run", "+silver.events", "--window", "2020-05-01T02..2020-05-01T04")
        asked = ("backfill", "+silver.events", "--window", "2020-05-01T00..2020-05-01T06")
        would = self.json(*asked, "--dry-run")
        self.assertEqual((would["pipeline"], would["id"]), (NAMED, None))
        self.assertEqual(self.reasons(would), {("run", "missing"): 4, ("skip", "done: the tables have it"): 2})
        self.assertEqual(self.json("runs"), [])
        self.assertEqual(self.json(*asked, "--order", "newest_first")["runs"], {"success": 4})
        self.assertEqual(self.hours_of("silver.events"), [0, 1, 2, 3, 4, 5])
        self.assertEqual(self.value("SELECT count(*) FROM silver.events"), "30")
        runs = self.json("runs")
        self.assertEqual([run["window"]["start"][11:13] for run in runs], ["00", "01", "04", "05"])
        self.assertEqual({(run["pipeline"], run["cause"], run["state"]) for run in runs}, {(NAMED, "backfill", "success")})
        shown = self.json("runs", runs[0]["run_id"])
        self.assertEqual([task["work"] for task in shown["tasks"]], ["models +silver.events"])
        self.assertEqual(self.reasons(self.json(*asked, "--dry-run")),
                         {("skip", "done"): 4, ("skip", "done: the tables have it"): 2})

    def test_what_is_built_again_is_built_once(self):
        asked = ("backfill", "+gold.hourly", "--window", "2020-05-01T00..2020-05-01T03")
        self.assertEqual(self.json(*asked)["runs"], {"success": 3})
        self.write_hour(1, [event(1, 7, amount=100)])
        self.assertEqual(self.json(*asked, "--redo", "all", "--active-runs", "3")["runs"], {"success": 3})
        self.assertEqual(self.rows("SELECT hour(hour), events, amount FROM gold.hourly ORDER BY 1"),
                         [("0", "5", "10"), ("1", "1", "100"), ("2", "5", "10")])

    def test_the_longest_window_of_the_tables_is_a_run(self):
        self.write("models/gold/daily.sql", """/* ---
kind: incremental
time: day
window: day
--- */
SELECT date_trunc('day', ts) AS day, count(*) AS events
FROM silver.events WHERE ts >= $window.start AND ts < $window.end GROUP BY ALL
""")
        would = self.json("backfill", "+gold.daily", "gold.hourly", "--window", "2020-05-01..2020-05-03", "--dry-run")
        self.assertEqual(would["pipeline"], "select:+gold.daily gold.hourly")
        self.assertEqual([window["end"] for window in would["windows"]], ["2020-05-02T00:00:00Z", "2020-05-03T00:00:00Z"])
        self.assertEqual(self.json("backfill", "+gold.daily", "gold.hourly", "--window", DAY)["runs"], {"success": 1})
        self.assertEqual(self.value("SELECT events FROM gold.daily"), "120")
        self.assertEqual(self.value("SELECT count(*) FROM gold.hourly"), "24")

    def test_what_cannot_be_backfilled_is_said(self):
        self.write("models/gold/seen.sql", "/* ---\nkind: view\n--- */\nSELECT id FROM silver.events\n")
        window = ("--window", DAY)
        self.fails("backfill", "hourl", *window, says=["there is no pipeline 'hourl'; did you mean 'hourly'", "and as tables: no table matches 'hourl'"])
        self.fails("backfill", "silver.event", *window, says=["did you mean 'silver.events'"])
        self.fails("backfill", "silver.events", "+", *window, says=["in the selection silver.events +"])
        self.fails("backfill", "gold.seen", *window, says=["no table of it is kept"])
        self.fails("backfill", "silver.events,gold.totals", *window, says=["no table is meant by all of its parts"])
        for nothing in ("", " ", "select:"):
            self.fails("backfill", nothing, *window, says=["it names no table"])
        self.fails("--json", "backfill", b"\xff", *window, says=["there is no pipeline '\ufffd'"])
        self.fails("backfill", "gold.totals", *window, says=["no table of the selection gold.totals has windows"])
        self.fails("backfill", "silver.events", "--window", "2020-05-01T00:30..2020-05-01T01:00", says=["holds no whole window"])

    def test_an_interrupted_one_is_gone_on_with_or_given_up(self):
        process = self.start("backfill", "hourly", "--window", "2020-05-01T00..2020-05-01T03")
        self.addCleanup(process.kill)
        self.wait_for(lambda: sum(each["counts"]["running"] for each in self.json("backfills")), "it does not begin")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (left,) = self.json("backfills")
        self.assertEqual((left["pipeline"], left["state"], left["counts"]["waiting"]), ("hourly", "running", 2))
        self.fails("backfill", "hourly", "--window", DAY, says=["was interrupted", f"ingot backfills cancel {left['id']}"])
        self.fails("backfills", "pause", left["id"][:13], says=["no server is at work"])
        self.fails("backfills", "cancel", "", says=["the id of a backfill is empty"])
        self.fails("runs", "cancel", "", says=["the id of a run is empty"])
        self.assertEqual(self.json("backfills", "cancel", left["id"][:13])["state"], "cancelled")
        self.fails("backfills", "cancel", left["id"], says=["there is no backfill", "that is not over"])
        self.fails("backfills", "cancel", "nothing", says=["there is no backfill nothing"])
        self.assertEqual(self.call("backfills", left["id"], "--limit", "3")[0], 2)
        self.write("go", "")
        # The run that had begun is left to whoever goes on with it; the windows behind it never ran.
        self.assertEqual(self.json("backfill", "hourly", "--window", "2020-05-01T01..2020-05-01T03")["runs"], {"success": 2})

    # -- by a server

    def test_a_server_carries_it_out_and_its_run_leads_to_it(self):
        server = self.serve()
        asked = ("backfill", "+silver.events", "--window", "2020-05-01T00..2020-05-01T03")
        self.assertEqual(self.reasons(self.json(*asked, "--dry-run")), {("run", "missing"): 3})
        done = self.json(*asked)
        self.assertEqual((done["pipeline"], done["runs"]), (NAMED, {"success": 3}))
        self.assertEqual(self.hours_of("silver.events"), [0, 1, 2])
        path = "/pipelines/select%3A%2Bsilver.events"
        pipeline = server.get(path)
        self.assertEqual((pipeline["name"], pipeline["window"], len(pipeline["recent_runs"])), (NAMED, "hour", 3))
        self.assertEqual([(task["task"], task["kind"]) for task in pipeline["tasks"]], [("tables", "models")])
        run = server.post(path + "/runs", {"window": {"start": "2020-05-01T04:00:00Z", "end": "2020-05-01T05:00:00Z"}})["run_id"]
        self.assertEqual(server.wait_for_run(run)["state"], "success")
        self.assertEqual(self.hours_of("silver.events"), [0, 1, 2, 4])
        self.assertEqual(len(server.runs(pipeline=NAMED)), 4)
        for wrong, status in (("select:silver.event", 404), ("select:silver.events,", 422)):
            body = {"pipeline": wrong, "from": "2020-05-01T00:00:00Z", "to": "2020-05-01T01:00:00Z"}
            with self.assertRaises(Refused) as refused:
                server.post("/backfills", body)
            self.assertEqual(refused.exception.status, status, wrong)
        self.fails("backfill", "hourl", "--window", DAY, says=["there is no pipeline 'hourl'", "and as tables: no table matches"])

    def test_backfills_are_listed_shown_paused_resumed_and_cancelled(self):
        server = self.serve()
        begun = self.json("backfill", "hourly", "--window", "2020-05-01T00..2020-05-01T05", "--detach")
        tables = self.json("backfill", "+silver.events", "--window", "2020-05-01T00..2020-05-01T02")
        prefix = begun["id"]
        for how in ((), ("--server", "local")):
            self.assertEqual([each["id"] for each in self.json("backfills", *how)], [tables["backfill"], begun["id"]])
            self.assertEqual([each["id"] for each in self.json("backfills", "--pipeline", NAMED, *how)], [tables["backfill"]])
            self.assertEqual(len(self.json("backfills", "--limit", "1", *how)), 1)
            self.assertEqual(len(self.json("backfills", prefix, *how)["windows"]), 5)
            self.assertIn("1 running, 4 waiting", self.succeeds("backfills", *how).replace("4 waiting, 1 running", "1 running, 4 waiting"))
            self.assertIn("hourly, running", self.succeeds("backfills", prefix, *how))
        self.assertEqual(self.json("backfills", "pause", prefix)["state"], "paused")
        self.write("go", "")
        self.wait_for(lambda: server.get(f"/backfills/{prefix}")["counts"]["running"] == 0, "its run does not end")
        self.assertEqual(server.get(f"/backfills/{prefix}")["counts"]["success"], 1)
        os.remove(os.path.join(self.project, "go"))
        self.assertEqual(self.json("backfills", "resume", prefix)["state"], "running")
        self.wait_for(lambda: server.get(f"/backfills/{prefix}")["counts"]["running"] == 1, "it does not go on")
        self.assertEqual(self.json("backfills", "cancel", prefix)["state"], "cancelled")
        self.write("go", "")
        self.wait_for(lambda: server.get(f"/backfills/{prefix}")["ended_at"], "it does not end")
        counts = self.json("backfills", prefix)["counts"]
        self.assertEqual((counts["success"], counts["running"], counts["failed"]), (2, 0, 0))
        self.fails("backfills", "resume", prefix, says=["no backfill", "that is not over"])

    def test_a_run_of_tables_outlives_its_server(self):
        self.write("models/silver/slow.sql", """/* ---
kind: incremental
time: ts
--- */
SELECT e.id, e.ts FROM bronze.events e, range(3000000) r
WHERE ts >= $window.start AND ts < $window.end AND r.range % 3000000 = e.id % 10
""")
        server = self.serve()
        begun = self.json("backfill", "+silver.slow", "--window", "2020-05-01T00..2020-05-01T04", "--detach")
        self.wait_for(lambda: server.runs(state="running"), "nothing runs")
        server.stop(signal.SIGKILL)
        server = self.serve()
        self.wait_for(lambda: server.get(f"/backfills/{begun['id']}")["state"] == "done", "it does not go on")
        self.assertEqual(server.get(f"/backfills/{begun['id']}")["counts"]["success"], 4)
        self.assertEqual(self.hours_of("silver.slow"), [0, 1, 2, 3])
        self.assertEqual(self.value("SELECT count(*) - count(DISTINCT id) FROM silver.slow"), "0")


if __name__ == "__main__":
    main()
