"""`ingot serve`: schedules, events, what is asked for, and what a killed or stopped server leaves. Runs the real binary."""

import fcntl
import json
import os
import random
import shutil
import signal
import sqlite3
import time

from project_case import FILES, events, main
from server_case import Refused, ServerCase

HOURLY = """
window: hour
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.* gold.*", after: load}
"""
WINDOW = {"start": "2020-05-01T00:00:00Z", "end": "2020-05-01T01:00:00Z"}


def shell(script):
    return json.dumps(["sh", "-c", script])


class ServeTest(ServerCase):
    files = {**FILES, "pipelines/hourly.yml": HOURLY}

    def setUp(self):
        super().setUp()
        for hour in range(3):
            self.write_hour(hour, events(hour))

    # -- what is asked for

    def test_a_run_that_is_asked_for_goes_from_its_source_to_gold(self):
        server = self.serve()
        run = server.wait_for_run(server.start_run("hourly", window=WINDOW, note="by hand"))
        self.assertEqual(run["state"], "success", run)
        self.assertEqual((run["cause"], run["note"]), ("manual", "by hand"))
        self.assertEqual(self.value("select count(*) from gold.hourly"), "1")
        self.assertIn("bronze.events published", server.log_of(run["run_id"], "load"))
        self.assertEqual(server.stop(), 0)

    def test_parameters_are_checked_and_reach_the_tasks(self):
        self.pipeline(f"""
params: {{who: {{type: string, enum: [eu, us]}}, times: {{type: integer, default: 2}}}}
tasks: {{a: {{command: [sh, -c, "echo {{params.who}} {{params.times}} >> told"]}}}}
""")
        server = self.serve()
        for wrong in ({}, {"params": {"who": "asia"}}, {"params": {"who": "eu", "tmies": 3}}):
            with self.assertRaises(Refused) as refused:
                server.post("/pipelines/p/runs", wrong)
            self.assertIn(refused.exception.status, (400, 422), refused.exception)
        self.assertIn("did you mean 'times'", str(refused.exception))
        run = server.wait_for_run(server.start_run("p", params={"who": "us"}))
        self.assertEqual(run["state"], "success", run)
        self.assertEqual(run["params"]["times"], 2)
        self.assertEqual(self.lines("told"), ["us 2"])

    def test_a_run_is_cancelled_marked_noted_and_its_tasks_run_anew(self):
        self.pipeline(f"""
tasks:
  a: {{command: {shell("test -e go || exit 1; echo a >> told")}, retries: 0}}
  b: {{command: {shell("echo b >> told; sleep 60")}, after: a}}
""")
        server = self.serve()
        run = server.start_run("p")
        failed = server.wait_for_run(run)
        self.assertEqual([task["state"] for task in failed["tasks"]], ["failed", "upstream_failed"])
        self.write("go", "")
        would = server.post(f"/runs/{run}/clear", {"failed_only": True, "dry_run": True})
        self.assertEqual([task["task"] for task in would["runs"][0]["tasks"]], ["a", "b"])
        self.assertEqual(server.get(f"/runs/{run}")["state"], "failed", "a dry run changes nothing")
        server.post(f"/runs/{run}/clear", {"tasks": ["a"]})
        self.wait_for(lambda: self.lines("told") == ["a", "b"], "b does not run")
        server.call("PATCH", f"/runs/{run}", {"note": "looked into"})
        server.post(f"/runs/{run}/tasks/b/mark", {"state": "success"})
        marked = server.wait_for_run(run)
        self.assertEqual((marked["state"], marked["note"]), ("success", "looked into"))
        server.post(f"/runs/{run}/clear", {"tasks": ["b"]})
        self.wait_for(lambda: self.lines("told") == ["a", "b", "b"], "b does not run again")
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        cancelled = server.wait_for_run(run)
        self.assertEqual(cancelled["state"], "cancelled")
        self.assertIn("enough", cancelled["cancelled"])

    def test_a_clear_reaches_earlier_and_later_windows_or_changes_nothing(self):
        self.pipeline(f"""
window: day
tasks:
  a: {{command: {shell("echo a $INGOT_WINDOW_START >> told")}}}
  b: {{command: {shell("test -e go || exit 1; echo b $INGOT_WINDOW_START >> told")}, after: a, retries: 0}}
""")
        server = self.serve()
        days = {}
        for day in (1, 2, 3):
            window = {"start": f"2020-01-0{day}T00:00:00Z", "end": f"2020-01-0{day + 1}T00:00:00Z"}
            days[day] = server.start_run("p", window=window)
            self.assertEqual(server.wait_for_run(days[day])["state"], "failed")
        self.write("go", "")
        asked = {"failed_only": True, "past": True, "future": True}
        would = server.post(f"/runs/{days[2]}/clear", {**asked, "dry_run": True})
        self.assertEqual([(run["run_id"], [task["task"] for task in run["tasks"]]) for run in would["runs"]],
                         [(days[day], ["b"]) for day in (1, 2, 3)])
        with open(os.path.join(self.project, ".ingot/runs", days[3], "lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self.assertRaises(Refused) as refused:
                server.post(f"/runs/{days[2]}/clear", asked)
        self.assertIn(days[3], refused.exception.problem["detail"])
        self.assertEqual({run["state"] for run in server.runs(pipeline="p")}, {"failed"}, "none was cleared")
        server.post(f"/runs/{days[2]}/clear", asked)
        for run in days.values():
            self.assertEqual(server.wait_for_run(run)["state"], "success")
        self.assertEqual([line[0] for line in self.lines("told")], list("aaabbb"))
        self.assertEqual([line[10:12] for line in self.lines("told")[3:]], ["01", "02", "03"], "in the order of windows")

    def test_a_log_is_followed_while_it_is_written(self):
        self.pipeline(f"""
tasks: {{a: {{command: {shell("for i in 1 2 3; do echo line $i; sleep 0.3; done")}}}}}
""")
        server = self.serve()
        run = server.start_run("p")
        _, _, stream = server.request("GET", f"/api/v1/runs/{run}/tasks/a/attempts/1/log/stream")
        pieces = [json.loads(line[6:]) for line in stream.decode().split("\n") if line.startswith("data: {\"text\"")]
        self.assertGreater(len(pieces), 1, "it came in pieces")
        self.assertIn("line 1\nline 2\nline 3\n", "".join(piece["text"] for piece in pieces))
        self.assertTrue(stream.endswith(b"event: end\ndata: {}\n\n"))

    # -- what starts by itself

    def test_ticks_start_runs_and_a_pause_holds_them(self):
        self.pipeline(f"schedule: every 1s\ntasks: {{a: {{command: {shell('echo $INGOT_RUN_ID >> told')}}}}}")
        server = self.serve()
        self.wait_for(lambda: len(self.lines("told")) >= 2, "no ticks")
        server.call("PATCH", "/pipelines/p", {"paused": True})
        time.sleep(0.5)
        told = len(self.lines("told"))
        time.sleep(2.2)
        self.assertEqual(len(self.lines("told")), told)
        self.assertEqual(server.get("/pipelines/p")["waiting_for"], "it is paused")
        server.call("PATCH", "/pipelines/p", {"paused": False})
        self.wait_for(lambda: len(self.lines("told")) > told, "it does not go on")
        self.assertEqual(len(set(self.lines("told"))), len(self.lines("told")), "no run twice")
        self.assertEqual({run["cause"] for run in server.runs(pipeline="p")}, {"scheduled"})

    def test_changed_tables_start_their_consumer_once(self):
        self.pipeline("schedule: {on: \"silver.events & gold.totals\"}\n"
                      f"tasks: {{a: {{command: {shell('echo ran >> told')}}}}}", "consumer")
        server = self.serve()
        server.wait_for_run(server.start_run("hourly", window=WINDOW))
        self.wait_for(lambda: self.lines("told") == ["ran"], "the consumer does not run")
        # The same input again: nothing is committed, so nobody is told.
        server.wait_for_run(server.start_run("hourly", window=WINDOW))
        time.sleep(1.5)
        self.assertEqual(self.lines("told"), ["ran"])
        self.assertIn("silver.events", server.get("/pipelines/consumer")["waiting_for"])
        server.wait_for_run(server.start_run("hourly", window={"start": WINDOW["end"], "end": "2020-05-01T03:00:00Z"}))
        self.wait_for(lambda: self.lines("told") == ["ran", "ran"], "the consumer does not run again")
        newest = server.runs(pipeline="consumer")[0]
        self.assertEqual(newest["cause"], "tables")
        self.assertIn("silver.events at version", newest["by"])

    def test_changes_by_another_process_count_and_those_while_nobody_watched(self):
        self.pipeline("schedule: {on: silver.events}\n"
                      f"tasks: {{a: {{command: {shell('echo ran >> told')}}}}}", "consumer")
        server = self.serve()
        self.succeeds("run", "--window", "2020-05-01T00")
        self.wait_for(lambda: len(self.lines("told")) == 1, "the consumer does not run")
        self.wait_for(lambda: not server.runs(pipeline="consumer", state="running"), "it does not end")
        self.assertEqual(server.stop(), 0)
        self.succeeds("run", "--window", "2020-05-01T01")
        self.serve()
        self.wait_for(lambda: len(self.lines("told")) == 2, "what came while it was away is lost")

    def test_files_and_calls_start_pipelines(self):
        self.pipeline("schedule: {on: {file: \"landing/*.csv\"}}\n"
                      f"tasks: {{a: {{command: {shell('ls landing >> told')}}}}}", "files")
        self.pipeline("schedule: {on: {webhook: true}}\n"
                      f"tasks: {{a: {{command: {shell('echo called >> called')}}}}}", "call")
        server = self.serve()
        self.write("landing/one.csv", "a\n")
        self.wait_for(lambda: self.lines("told") == ["one.csv"], "the file starts nothing")
        server.post("/webhooks/call", {"anything": 1})
        self.wait_for(lambda: self.lines("called") == ["called"], "the call starts nothing")
        with self.assertRaises(Refused) as refused:
            server.post("/webhooks/files")
        self.assertEqual(refused.exception.status, 404)

    # -- backfills

    def test_a_backfill_runs_each_window_once_and_goes_on_after_a_restart(self):
        self.pipeline(f"window: hour\nbackfill: {{active_runs: 2}}\n"
                      f"tasks: {{a: {{command: {shell('sleep 0.1; echo $INGOT_WINDOW_START >> told')}}}}}")
        server = self.serve()
        asked = {"pipeline": "p", "from": "2020-05-01T00:00:00Z", "to": "2020-05-01T20:00:00Z"}
        would = server.post("/backfills", {**asked, "dry_run": True})
        self.assertEqual([window["action"] for window in would["windows"]], ["run"] * 20)
        backfill = server.post("/backfills", asked)["id"]
        with self.assertRaises(Refused) as refused:
            server.post("/backfills", asked)
        self.assertEqual(refused.exception.status, 409)
        self.wait_for(lambda: len(self.lines("told")) >= 4, "it does not begin")
        server.stop(signal.SIGKILL)
        server = self.serve()
        self.wait_for(lambda: server.get(f"/backfills/{backfill}")["state"] == "done", "it does not go on")
        found = server.get(f"/backfills/{backfill}")
        self.assertEqual(found["counts"]["success"], 20, found)
        self.assertEqual(len(set(self.lines("told"))), 20)
        self.assertLessEqual(len(self.lines("told")), 22, "only what was running is made again")
        again = server.post("/backfills", {**asked, "dry_run": True})
        self.assertEqual({window["reason"] for window in again["windows"]}, {"done"})

    # -- the project changes

    def test_a_broken_project_changes_nothing_and_a_good_one_counts_at_once(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo one >> told')}}}}}")
        server = self.serve()
        before = server.get("/info")
        self.write("pipelines/p.yml", "tasks: {a: {command: [echo], retrys: 1}}\n")
        problem = self.wait_for(lambda: server.get("/info")["problems"], "the error is not shown")[0]
        self.assertIn("pipelines/p.yml:1", problem["place"])
        self.assertIn("did you mean 'retries'", problem["message"])
        self.assertEqual(server.wait_for_run(server.start_run("p"))["state"], "success")
        self.assertEqual(self.lines("told"), ["one"])
        self.pipeline(f"tasks: {{a: {{command: {shell('echo two >> told')}}}}}")
        self.wait_for(lambda: server.get("/info")["code_version"] != before["code_version"], "it is not loaded")
        self.assertEqual(server.get("/info")["problems"], [])
        run = server.wait_for_run(server.start_run("p"))
        self.assertEqual(self.lines("told"), ["one", "two"])
        self.assertEqual(run["code_version"], server.get("/info")["code_version"])

    # -- the store

    def test_a_lost_store_is_rebuilt_from_the_tables_and_no_side_effect_is_repeated(self):
        for name, schedule in {"tables": "{on: silver.events}", "files": "{on: {file: \"input/*.ndjson\"}}"}.items():
            self.pipeline(f"schedule: {schedule}\ntasks: {{a: {{command: {shell(f'echo ran >> {name}')}}}}}", name)
        self.pipeline("schedule: \"@hourly\"\ncatchup: latest\n" + HOURLY, "late")
        server = self.serve()
        server.wait_for_run(server.start_run("hourly", window=WINDOW))
        self.wait_for(lambda: self.lines("tables") and self.lines("files"), "the consumers do not run")
        server.stop()
        copy = os.path.join(self.work, "copy.db")
        self.succeeds("doctor", "--backup", copy)
        self.fails("doctor", "--backup", copy, says=["is there already"])
        shutil.rmtree(os.path.join(self.project, ".ingot"))
        text = self.succeeds("doctor", "--rebuild")
        self.assertIn("ticks until 2020-05-01T01:00:00Z are dealt with", text)
        server = self.serve()
        late = self.wait_for(lambda: server.runs(pipeline="late"), "what was missed is not caught up")
        self.assertEqual(late[0]["cause"], "scheduled")
        server.wait_for_run(late[0]["run_id"])
        time.sleep(1.5)
        self.assertEqual((self.lines("tables"), self.lines("files")), (["ran"], ["ran"]))
        self.write_hour(3, events(3))
        self.wait_for(lambda: len(self.lines("files")) == 2, "a new file starts nothing")
        self.assertEqual(sqlite3.connect(copy).execute("select count(*) from runs").fetchone()[0], 3)

    # -- two at once, stopped, killed

    def test_a_second_server_is_refused_by_name_and_a_run_by_hand_works_beside_it(self):
        server = self.serve()
        text = self.fails("serve", says=["a server is at work on the store", f"process {server.process.pid}"])
        self.assertIn("--replace", text)
        text = self.succeeds("run", "--pipeline", "hourly", "--window", "2020-05-01T00")
        self.assertIn(f"beside a server (process {server.process.pid}", text)
        newest = server.runs(pipeline="hourly")[0]
        self.assertEqual((newest["state"], newest["cause"]), ("success", "manual"))

    def test_a_server_that_was_stopped_and_replaced_writes_nothing_when_it_resumes(self):
        self.pipeline(f"schedule: every 1s\ntasks: {{a: {{command: {shell('echo $INGOT_RUN_ID >> told')}}}}}")
        first = self.serve()
        self.wait_for(lambda: len(self.lines("told")) >= 1, "no ticks")
        self.stop_between_writes(first)
        second = self.serve("--replace")
        told = len(self.lines("told"))
        self.wait_for(lambda: len(self.lines("told")) >= told + 2, "the second does not go on")
        first.process.send_signal(signal.SIGCONT)
        self.assertEqual(first.process.wait(timeout=30), 1)
        self.assertIn("another server took the place", second.text())
        told = len(self.lines("told"))
        self.wait_for(lambda: len(self.lines("told")) >= told + 2, "the second does not go on")
        self.assertEqual(second.stop(), 0)
        runs = {run["run_id"] for run in json.loads(self.call("--json", "runs", "--limit", "1000")[1])}
        self.assertEqual(runs, set(self.lines("told")), "every run is recorded, and each ran")
        self.assertEqual(len(self.lines("told")), len(set(self.lines("told"))), "none ran twice")

    def stop_between_writes(self, server):
        """One that is stopped in the middle of a write holds the store until it is ended."""
        while True:
            server.process.send_signal(signal.SIGSTOP)
            store = sqlite3.connect(os.path.join(self.project, ".ingot/state.db"), timeout=0.2, isolation_level=None)
            try:
                store.execute("BEGIN IMMEDIATE")
                store.execute("ROLLBACK")
                return
            except sqlite3.OperationalError:
                server.process.send_signal(signal.SIGCONT)
                time.sleep(0.05)
            finally:
                store.close()

    def test_a_server_that_drains_is_not_ready_and_still_answers(self):
        self.pipeline("tasks: {a: {command: [sh, -c, 'while ! test -e go; do sleep 0.05; done']}}\n")
        server = self.serve("--drain", "60s")
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        run = server.start_run("p")
        self.wait_for(lambda: server.get(f"/runs/{run}")["state"] == "running", "the run does not start")
        server.process.send_signal(signal.SIGTERM)
        self.wait_for(lambda: server.request("GET", "/readyz")[0] == 503, "it says that it is ready")
        _, headers, text = server.request("GET", "/readyz")
        self.assertIn(b"the server is stopping", text)
        self.assertEqual((headers["Retry-After"], headers["Connection"]), ("5", "close"))
        self.assertEqual(server.request("GET", "/healthz")[0], 200)
        self.assertEqual(server.get(f"/runs/{run}")["state"], "running")
        self.write("go", "")
        self.assertEqual(server.process.wait(timeout=60), 0, server.text())

    def test_a_stop_lets_what_runs_end_and_the_next_server_goes_on(self):
        self.pipeline(f"""
tasks:
  a: {{command: {shell("echo a >> told; sleep 1; echo done >> told")}}}
  b: {{command: {shell("echo b >> told")}, after: a}}
""")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["a"], "it does not begin")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.lines("told"), ["a", "done"], "what ran came to its end, and nothing began")
        server = self.serve()
        self.assertEqual(server.wait_for_run(run)["state"], "success")
        self.assertEqual(self.lines("told"), ["a", "done", "b"])

    def test_what_does_not_end_in_time_is_made_again_by_the_next(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo $INGOT_ATTEMPT >> told; test $INGOT_ATTEMPT = 2 || sleep 60')}, "
                      "retries: 0}}}".replace("}}}", "}}"))
        server = self.serve("--drain", "200ms")
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["1"], "it does not begin")
        self.assertEqual(server.stop(), 0)
        found = self.serve().wait_for_run(run)
        self.assertEqual(found["state"], "success")
        self.assertEqual([attempt["state"] for attempt in found["tasks"][0]["attempts"]], ["lost", "success"])

    def kept(self, script, *more):
        """A run whose first task is in the middle of this when its server is killed; the next task uses its values."""
        script = script.replace("{", "{{").replace("}", "}}").replace("$$", "$$$$")
        self.pipeline(f"tasks:\n  a: {{command: {shell('echo begun $INGOT_ATTEMPT >> told; echo one; ' + script)}{''.join(more)}}}\n"
                      f"  b: {{command: [sh, -c, \"echo got {{tasks.a.rows}} >> told\"], after: a}}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["begun 1"], "it does not begin")
        self.keeper = self.keeper_of(run)
        server.stop(signal.SIGKILL)
        return run

    def keeper_of(self, run):
        with open(os.path.join(self.project, f".ingot/runs/{run}/a.1.log.process"), encoding="utf-8") as record:
            return json.load(record)["pid"]

    def attempts(self, run):
        return [[attempt["state"] for attempt in task["attempts"]] for task in run["tasks"]]

    def is_alive(self, pid):
        try:
            with open(f"/proc/{int(pid)}/stat", encoding="utf-8") as stat:
                return ") Z " not in stat.read()
        except FileNotFoundError:
            return False

    def test_a_command_outlives_its_killed_server_and_the_next_goes_on_with_it(self):
        run = self.kept("until test -e go; do sleep 0.05; done; echo two; echo done >> told; echo '{\"rows\": 7}' > $INGOT_OUTPUT")
        server = self.serve()
        server.stop(signal.SIGKILL)
        server = self.serve()
        self.assertEqual(server.get(f"/runs/{run}")["state"], "running")
        self.assertIn("one\n", server.log_of(run, "a"))
        self.write("go", "")
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["success"], ["success"]]), found)
        self.assertEqual(self.lines("told"), ["begun 1", "done", "got 7"])
        self.assertTrue(server.log_of(run, "a").endswith("one\ntwo\nexit code 0\n"), server.log_of(run, "a"))

    def test_a_command_that_ends_while_no_server_is_there_counts(self):
        run = self.kept("sleep 0.5; echo '{\"rows\": 8}' > $INGOT_OUTPUT; echo done >> told")
        self.wait_for(lambda: not self.is_alive(self.keeper), "it does not end")
        found = self.serve().wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["success"], ["success"]]), found)
        self.assertEqual(self.lines("told"), ["begun 1", "done", "got 8"])

    def test_a_failure_while_no_server_is_there_counts_and_is_tried_again(self):
        run = self.kept("echo '{\"rows\": 9}' > $INGOT_OUTPUT; sleep 0.3; exit $((2 - INGOT_ATTEMPT))", ", retries: 1, retry_delay: 10ms")
        self.wait_for(lambda: not self.is_alive(self.keeper), "it does not end")
        found = self.serve().wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["failed", "success"], ["success"]]), found)
        self.assertEqual(self.lines("told"), ["begun 1", "begun 2", "got 9"])

    def test_a_command_whose_keeper_was_killed_is_ended_and_made_again(self):
        run = self.kept("test $INGOT_ATTEMPT = 2 || { echo $$ > pid; sleep 60; echo late >> told; }; echo '{\"rows\": 1}' > $INGOT_OUTPUT")
        self.wait_for(lambda: self.lines("pid"), "it does not go on")
        os.kill(self.keeper, signal.SIGKILL)
        self.assertTrue(self.is_alive(self.lines("pid")[0]))
        server = self.serve()
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["lost", "success"], ["success"]]), found)
        self.assertIn("of an attempt that was lost", server.log_of(run, "a", 2))
        self.assertFalse(self.is_alive(self.lines("pid")[0]))
        self.assertEqual(self.lines("told"), ["begun 1", "begun 2", "got 1"])

    def test_a_keeper_that_is_killed_beside_its_server_fails_the_attempt(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo $INGOT_ATTEMPT >> told; test $INGOT_ATTEMPT = 2 || sleep 60')}, "
                      "retries: 1, retry_delay: 10ms}}".replace("}}", "}") + "}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["1"], "it does not begin")
        os.kill(self.keeper_of(run), signal.SIGKILL)
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["failed", "success"]]), found)
        self.assertIn("the process that kept the command was killed", found["tasks"][0]["attempts"][0]["message"])

    def test_a_keeper_that_dies_around_its_command_leaves_its_end_unknown(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo ran >> told')}, retries: 0}}}}")
        for point, told in (("keeper.claimed", []), ("keeper.ended", ["ran"])):
            with self.subTest(point):
                self.environment = {"INGOT_CRASH_POINT": point}
                server = self.serve()
                found = server.wait_for_run(server.start_run("p"))
                self.assertEqual(found["state"], "failed")
                self.assertIn("how it came out is not known", found["tasks"][0]["attempts"][0]["message"])
                self.assertEqual(self.lines("told"), told)
                server.stop()

    def test_a_time_limit_goes_on_from_the_real_start(self):
        begun = time.time()
        run = self.kept("echo $$ > pid; sleep 60", ", timeout: 4s, retries: 0")
        self.wait_for(lambda: self.lines("pid"), "it does not go on")
        time.sleep(max(0, begun + 4.5 - time.time()))
        found = self.serve().wait_for_run(run, timeout=10)
        self.assertEqual(self.attempts(found)[0], ["timed_out"], found)
        self.assertFalse(self.is_alive(self.lines("pid")[0]))

    def test_a_command_that_was_gone_on_with_is_cancelled_with_all_that_it_started(self):
        run = self.kept("sleep 60 & echo $! > pid; wait")
        self.wait_for(lambda: self.lines("pid"), "it does not go on")
        server = self.serve()
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        self.assertEqual(server.wait_for_run(run)["state"], "cancelled")
        self.wait_for(lambda: not self.is_alive(self.lines("pid")[0]), "it goes on")

    def test_a_run_by_hand_goes_on_with_what_its_killed_process_left(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo begun $INGOT_ATTEMPT >> told; sleep 1; echo done >> told')}}}}}")
        process = self.start("run", "--pipeline", "p")
        self.wait_for(lambda: self.lines("told") == ["begun 1"], "it does not begin")
        process.kill()
        process.communicate()
        self.assertIn("it goes on", self.succeeds("run", "--pipeline", "p"))
        self.assertEqual(self.lines("told"), ["begun 1", "done"])

    def test_a_command_that_asks_is_gone_on_with_through_every_kill(self):
        self.pipeline(f"""
tasks:
  ask:  {{sensor: {{command: {shell("echo asks >> told; sleep 0.4; echo asked >> told; test -e go")}}}, every: 1s, timeout: 5m}}
  next: {{command: {shell("echo next >> told")}, after: ask}}
""")
        server = self.serve()
        run = server.start_run("p")
        chance = random.Random(os.environ.get("INGOT_SEED", "1"))
        for _ in range(8):
            time.sleep(chance.uniform(0.2, 0.9))
            server.stop(signal.SIGKILL)
            server = self.serve()
        self.write("go", "")
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("success", [["success"], ["success"]]), found)
        told = self.lines("told")
        self.assertEqual(told, ["asks", "asked"] * (len(told) // 2) + ["next"])
        left = os.listdir(os.path.join(self.project, f".ingot/runs/{run}"))
        self.assertEqual(len([name for name in left if name.startswith("ask") and name.endswith(".process")]), 1, left)

    def test_a_flood_of_output_takes_no_memory(self):
        megabytes = int(os.environ.get("INGOT_MEGABYTES", "200"))
        self.pipeline(f"tasks: {{a: {{command: {shell(f'yes 0123456789abcde | head -c {megabytes}M; touch flooded; sleep 60')}}}}}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: os.path.exists(os.path.join(self.project, "flooded")), "it does not end", timeout=300)
        for pid, most in ((self.keeper_of(run), 8), (server.process.pid, 300)):
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                (peak,) = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
            self.assertLess(peak, most * 1024, f"KiB of process {pid}")
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        server.wait_for_run(run)

    def test_killed_again_and_again_it_loses_no_tick_and_ends_every_run(self):
        self.pipeline("schedule: every 1s\ncatchup: all\n"
                      f"tasks:\n  a: {{command: {shell('echo a $INGOT_RUN_ID >> told; sleep 0.3; echo done $INGOT_RUN_ID >> told')}}}\n"
                      f"  b: {{command: {shell('echo b $INGOT_RUN_ID >> told')}, after: a}}")
        begun = time.time()
        chance = random.Random(os.environ.get("INGOT_SEED", "1"))
        for _ in range(int(os.environ.get("INGOT_KILLS", "8"))):
            server = self.serve()
            time.sleep(chance.uniform(0, 1.2))
            server.stop(signal.SIGKILL)
        server = self.serve()
        self.wait_for(lambda: len(server.runs(pipeline="p")) >= 5, "no ticks")
        server.call("PATCH", "/pipelines/p", {"paused": True})
        self.wait_for(lambda: all(run["ended_at"] for run in server.runs(pipeline="p")), "a run does not end")
        runs = json.loads(self.call("--json", "runs", "--limit", "100000")[1])
        self.assertEqual({run["state"] for run in runs}, {"success"})
        ticks = sorted(run["by"] for run in runs)
        self.assertEqual(len(ticks), len(set(ticks)), "a tick ran twice")
        times = [time.strptime(tick.split(" ")[-1], "%Y-%m-%dT%H:%M:%SZ") for tick in ticks]
        seconds = [int(time.mktime(at)) for at in times]
        self.assertEqual(seconds, list(range(seconds[0], seconds[-1] + 1)), "a tick is missing")
        self.assertLessEqual(len(ticks), time.time() - begun + 2)
        expected = [f"{what} {run['run_id']}" for run in runs for what in ("a", "done", "b")]
        self.assertEqual(sorted(self.lines("told")), sorted(expected), "what a command does is done once")

    def test_a_store_that_is_locked_for_a_while_loses_nothing(self):
        self.pipeline(f"tasks: {{a: {{command: {shell('echo a >> told; sleep 0.3')}}}, "
                      f"b: {{command: {shell('echo b >> told')}, after: a}}}}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["a"], "it does not begin")
        other = sqlite3.connect(os.path.join(self.project, ".ingot/state.db"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(12)  # Longer than the store waits for a lock.
        self.assertEqual(self.lines("told"), ["a"], "nothing starts that is not recorded")
        self.assertEqual(server.request("GET", "/readyz")[0], 503)
        other.execute("ROLLBACK")
        self.assertEqual(server.wait_for_run(run)["state"], "success")
        self.assertEqual(self.lines("told"), ["a", "b"])
        self.assertEqual(server.request("GET", "/readyz")[0], 200)


if __name__ == "__main__":
    main()
