"""Acting on runs from the command line: by the server of the store, by another one, and on the store alone. Runs the real binary."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

from project_case import main
from server_case import Refused, ServerCase


def shell(script):
    return json.dumps(["sh", "-c", script])


DAILY = f"""
window: day
params: {{times: {{type: integer, default: 1}}}}
tasks:
  a: {{command: {shell("echo a $INGOT_WINDOW_START >> told")}}}
  b: {{command: {shell("test -e go || exit 1; echo b $INGOT_WINDOW_START >> told")}, after: a, retries: 0}}
"""

OFTEN = f"schedule: every 1h\ntasks: {{a: {{command: {shell('true')}}}}}"


class ControlTest(ServerCase):
    files = {"project.yml": "name: small\nlake: ./lake\ndefaults: {start: 2020-01-01, timezone: UTC}\n", "pipelines/p.yml": DAILY}

    def day(self, day):
        return {"start": f"2020-01-0{day}T00:00:00Z", "end": f"2020-01-0{day + 1}T00:00:00Z"}

    def failed_runs(self, server, days=(1, 2, 3)):
        runs = {}
        for day in days:
            runs[day] = server.start_run("p", window=self.day(day))
            self.assertEqual(server.wait_for_run(runs[day])["state"], "failed")
        return runs

    def socket_path(self):
        return os.path.join(self.project, ".ingot", "server.socket")

    def json(self, *arguments):
        status, out, text = self.call("--json", *arguments)
        self.assertEqual(status, 0, text)
        return json.loads(out)

    def add_user(self):
        added = subprocess.run([self.ingot, "-C", self.project, "user", "add", "ada", "--role", "admin"], input="a long password\n",
                               stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("may log in", added.stdout)

    def shown(self, run):
        return self.json("runs", run)

    # -- by the server of the store

    def test_runs_are_cleared_marked_noted_and_cancelled_by_the_server(self):
        server = self.serve()
        runs = self.failed_runs(server)
        self.write("go", "")
        would = self.succeeds("runs", "clear", runs[2], "--failed", "--past", "--dry-run")
        self.assertIn("2 tasks of 2 runs would run again", would)
        self.assertIn(runs[1], would)
        self.assertEqual(self.shown(runs[1])["state"], "failed")
        self.succeeds("runs", "clear", runs[2], "b", "--past", "--future")
        for run in runs.values():
            self.assertEqual(server.wait_for_run(run)["state"], "success")
        marked = self.json("runs", "mark", runs[1], "b", "failed")
        self.assertEqual((marked["state"], marked["tasks"][1]["state"]), ("failed", "failed"))
        self.succeeds("runs", "note", runs[1][:-1], "looked into")
        self.assertEqual(server.get(f"/runs/{runs[1]}")["note"], "looked into")
        self.assertEqual([run["note"] for run in server.runs()], ["", "", "looked into"])
        self.assertIn("note: looked into", self.succeeds("runs", runs[1]))
        self.pipeline(f"tasks: {{wait: {{command: {shell('sleep 60')}}}}}", "slow")
        slow = self.wait_for(lambda: self.started(server, "slow"), "the pipeline is not taken in")
        self.assertIn("asked to stop", self.succeeds("runs", "cancel", slow, "--reason", "too slow"))
        ended = server.wait_for_run(slow)
        self.assertEqual((ended["state"], ended["cancelled"]), ("cancelled", "too slow"))
        said = {(entry["what"], entry["who"], entry["address"]) for entry in server.get("/audit")["items"]
                if entry["who"].startswith("cli ")}
        user = "cli " + subprocess.run(["id", "-un"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        self.assertLessEqual({(what, user, "this machine") for what in ("clear_run", "mark_task", "note_run", "cancel_run")}, said)

    def started(self, server, pipeline):
        try:
            return server.start_run(pipeline)
        except Refused:  # It is not taken in yet.
            return None

    def test_pipelines_are_paused_runs_started_and_backfills_handed_over(self):
        self.write("go", "")
        self.pipeline(OFTEN, "often")
        server = self.serve()
        self.succeeds("pause", "often")
        self.assertTrue(server.get("/pipelines/often")["paused"])
        self.succeeds("unpause", "often")
        self.assertFalse(server.get("/pipelines/often")["paused"])
        run = self.json("run", "--pipeline", "p", "--window", "2020-01-01", "--pipeline-param", "times=2", "--server", "local")
        self.assertEqual((run["state"], run["params"]["times"], run["by"].split()[0]), ("success", 2, "cli"))
        would = self.json("backfill", "p", "--window", "2020-01-01..2020-01-04", "--dry-run")
        self.assertEqual([each["action"] for each in would["windows"]], ["skip", "run", "run"])
        done = self.json("backfill", "p", "--window", "2020-01-01..2020-01-04")
        self.assertEqual(done["runs"], {"success": 2})
        self.assertEqual(server.get(f"/backfills/{done['backfill']}")["by"].split()[0], "cli")
        begun = self.json("backfill", "p", "--window", "2020-01-01..2020-01-03", "--redo", "all", "--detach")
        self.wait_for(lambda: server.get(f"/backfills/{begun['id']}")["state"] == "done", "it does not end")

    def copy_run(self, run, count):
        """So many newer runs that nobody is at work on, as the store has them."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.project, ".ingot", "state.db"))) as store, store:
            columns = ", ".join(row[1] for row in store.execute("PRAGMA table_info(runs)") if row[1] not in ("no", "id"))
            for number in range(count):
                store.execute(f"INSERT INTO runs (id, {columns}) SELECT ?, {columns} FROM runs WHERE id = ?", (f"copy-{number}", run))

    def test_runs_are_listed_and_shown_by_a_server_as_from_the_store(self):
        server = self.serve()
        runs = self.failed_runs(server)
        self.write("go", "")
        self.succeeds("runs", "clear", runs[2], "--failed")
        self.assertEqual(server.wait_for_run(runs[2])["state"], "success")
        self.succeeds("runs", "note", runs[1], "asked the source\nit will come")
        newest_first = {(): [3, 2, 1], ("--state", "failed"): [3, 1], ("--state", "success"): [2], ("--state", "running"): [],
                        ("--state", "interrupted"): [], ("--limit", "2"): [3, 2], ("--state", "failed", "--limit", "1"): [3],
                        ("--pipeline", "p"): [3, 2, 1], ("--pipeline", "q"): []}
        for asked, days in newest_first.items():
            with self.subTest(asked):
                found = self.json("runs", *asked)
                self.assertEqual([each["run_id"] for each in found], [runs[day] for day in days])
                for by in ("local", server.address):
                    self.assertEqual(self.json("runs", *asked, "--server", by), found)
                    self.assertEqual(self.succeeds("runs", *asked, "--server", by), self.succeeds("runs", *asked))
        text = self.succeeds("runs")
        self.assertIn("asked the source", text)
        self.assertNotIn("it will come", text, "a line for a run")
        shown = self.json("runs", runs[3])
        for task in shown["tasks"]:
            for attempt in task["attempts"]:
                self.assertTrue(os.path.exists(attempt.pop("log")), "the server's own machine has the logs, no other")
        self.assertEqual(self.json("runs", runs[3], "--server", server.address), shown)
        text = self.succeeds("runs", runs[3][:-1])
        self.assertIn("exit code 1", text)
        self.assertEqual(self.succeeds("runs", runs[3][:-1], "--server", "local"), text)

    def test_lists_go_on_where_a_page_ends(self):
        self.pipeline(f"tasks: {{wait: {{command: {shell('sleep 60')}}}}}", "slow")
        server = self.serve()
        run = server.start_run("slow")
        self.wait_for(lambda: server.get(f"/runs/{run}")["state"] == "running", "it does not start")
        self.copy_run(run, 620)
        copies = [f"copy-{number}" for number in reversed(range(620))]
        for by in ((), ("--server", "local")):
            with self.subTest(by):
                self.assertEqual([each["run_id"] for each in self.json("runs", "--limit", "1000", *by)], [*copies, run])
                self.assertEqual([each["run_id"] for each in self.json("runs", "--limit", "600", *by)], copies[:600])
                self.assertEqual([each["run_id"] for each in self.json("runs", "--limit", "510", "--state", "interrupted", *by)], copies[:510])
                self.assertEqual([each["run_id"] for each in self.json("runs", "--state", "running", *by)], [run], "it comes after all the others")

    def test_errors_say_what_to_do(self):
        server = self.serve()
        run = self.failed_runs(server, [1])[1]
        self.fails("runs", "cancel", "none", says=["there is no run none"])
        self.fails("runs", "cancel", run, says=["it is over"])
        self.fails("runs", "clear", run, "bb", says=["no task 'bb'", "did you mean 'b'"])
        self.fails("runs", "mark", run, "c", "success", says=["no task 'c'"])
        self.fails("pause", "pp", says=["there is no pipeline 'pp'", "did you mean 'p'"])
        self.fails("backfill", "pp", "--window", "2020-01-01", says=["there is no pipeline 'pp'"])
        self.fails("run", "--pipeline", "p", "--pipeline-param", "tmes=2", "--server", "local", says=["no parameter 'tmes'"])
        for wrong, says in (("ftp://x", "expected a URL"), ("http://192.0.2.1:1", "use https")):
            refused = self.outcome(["runs", "cancel", run, "--server", wrong], token="ingot_any")
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(says, refused.stderr)
        self.assertEqual(self.outcome(["run", "bronze.x", "--server", "local"]).returncode, 2)
        self.fails("runs", "none", "--server", "local", says=["there is no run none"])
        for useless in (["runs", run, "--limit", "3"], ["runs", "--limit", "3", "cancel", run], ["runs", "--server", "local", "cancel", run],
                        ["runs", "cancel", run, "--state", "failed"], ["runs", "--state", "lost"]):
            refused = self.outcome(["-C", self.project, *useless])
            self.assertEqual(refused.returncode, 2, refused.stdout + refused.stderr)

    # -- who may

    def test_the_socket_is_for_its_owner_and_goes_with_the_server(self):
        server = self.serve()
        path = self.socket_path()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.add_user()
        run = self.failed_runs_by_cli()
        self.assertIn("the note is kept", self.succeeds("runs", "note", run, "with accounts, too"))
        if os.geteuid() == 0:
            other = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
                     "try:\n s.connect(sys.argv[1]); s.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.recv(100))\n"
                     "except OSError as e: print(type(e).__name__)\n")
            self.assertIn(b"PermissionError", self.as_nobody(other))
            os.chmod(path, 0o666)  # Whoever gets that far is asked for his user all the same.
            self.assertNotIn(b"200", self.as_nobody(other))
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def as_nobody(self, script):
        for folder in (self.work, self.project, os.path.join(self.project, ".ingot")):
            os.chmod(folder, 0o755)
        return subprocess.run(["python3", "-c", script, self.socket_path()], stdout=subprocess.PIPE, user=65534, group=65534, check=True).stdout

    def failed_runs_by_cli(self):
        _, out, _ = self.call("--json", "run", "--pipeline", "p", "--window", "2020-01-01", "--server", "local")
        return json.loads(out)["run_id"]

    def test_another_server_is_asked_with_a_token(self):
        server = self.serve()
        run = self.failed_runs(server, [1])[1]
        self.add_user()
        token = self.succeeds("-q", "token", "create", "ci", "--role", "operator").strip()
        elsewhere = ["-C", "/", "runs", "note", run, "from elsewhere", "--server", server.address]
        self.assertIn("INGOT_TOKEN", self.outcome(elsewhere).stderr)
        self.assertIn("not known", self.outcome(elsewhere, token="ingot_wrong").stderr)
        self.assertEqual(self.outcome(elsewhere, token=token).returncode, 0)
        viewer = self.succeeds("-q", "token", "create", "look", "--role", "viewer").strip()
        self.assertIn("needs the role operator", self.outcome(elsewhere, token=viewer).stderr)
        looks = ["-C", "/", "runs", "--server", server.address]
        self.assertIn("INGOT_TOKEN", self.outcome(looks).stderr)
        self.assertIn(run, self.outcome(looks, token=viewer).stdout)
        self.assertIn("exit code 1", self.outcome([*looks, run], token=viewer).stdout)

    def outcome(self, arguments, token=None):
        environment = {**os.environ, **self.environment}
        environment.pop("INGOT_TOKEN", None)
        if token:
            environment["INGOT_TOKEN"] = token
        return subprocess.run([self.ingot, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=60)

    # -- without a server

    def test_without_a_server_the_store_is_changed_and_nothing_starts(self):
        self.fails("run", "--pipeline", "p", "--window", "2020-01-01")
        run = self.json("runs")[0]["run_id"]
        self.assertIn("no server is there to run them", self.succeeds("runs", "clear", run, "--failed"))
        self.assertEqual(self.shown(run)["state"], "interrupted")
        self.assertEqual(self.lines("told"), ["a 2020-01-01T00:00:00Z"])
        self.write("go", "")
        self.succeeds("run", "--pipeline", "p", "--window", "2020-01-01")
        self.assertEqual([each["run_id"] for each in self.json("runs")], [run], "it is the same run")
        self.assertEqual(self.lines("told"), ["a 2020-01-01T00:00:00Z", "b 2020-01-01T00:00:00Z"])
        self.succeeds("runs", "mark", run, "b", "skipped")
        self.succeeds("runs", "note", run, "by hand")
        shown = self.shown(run)
        self.assertEqual((shown["note"], shown["tasks"][1]["state"]), ("by hand", "skipped"))
        self.assertTrue(shown["tasks"][1]["note"].startswith("marked by cli "), shown["tasks"][1]["note"])
        self.fails("runs", "cancel", run, says=["it is over"])
        self.fails("pause", "p", says=["no server is at work", "ingot serve"])
        self.fails("runs", "--server", "local", says=["no server is at work", "ingot serve"])
        self.fails("run", "--pipeline", "p", "--server", "local", says=["no server is at work"])
        self.fails("backfill", "p", "--window", "2020-01-02", "--detach", says=["no server is at work"])
        self.assertEqual(self.json("backfill", "p", "--window", "2020-01-02")["runs"], {"success": 1})

    def test_what_a_killed_server_left_is_nobodys(self):
        self.pipeline(f"tasks: {{wait: {{command: {shell('echo x >> told; sleep 60')}}}, then: {{command: {shell('true')}, after: wait}}}}", "slow")
        server = self.serve()
        run = server.start_run("slow")
        self.wait_for(lambda: self.lines("told"), "it does not start")
        server.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.socket_path()), "the file is left")
        cancelled = self.json("runs", "cancel", run)
        self.assertEqual(cancelled["state"], "cancelled", cancelled)
        again = self.serve()
        self.assertEqual(again.get(f"/runs/{run}")["state"], "cancelled")
        self.assertIn("the note is kept", self.succeeds("runs", "note", run, "it was killed"))

    def test_a_verb_waits_for_a_server_that_begins_and_not_for_ever(self):
        with socket.socket(socket.AF_UNIX) as stale:
            os.makedirs(os.path.join(self.project, ".ingot"), exist_ok=True)
            stale.bind(self.socket_path())
        self.pipeline(OFTEN, "often")
        server = self.serve()
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            self.fails("pause", "often", says=["does not answer", "--replace"])
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        self.succeeds("pause", "often")

    def test_many_at_once_each_come_to_their_end(self):
        self.fails("run", "--pipeline", "p", "--window", "2020-01-01")
        run = self.json("runs")[0]["run_id"]
        outcomes = []

        def work(number):
            outcomes.append(self.call("runs", "note", run, f"note {number}")[0])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        server = self.serve()
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes, [0] * 6)
        self.assertTrue(server.get(f"/runs/{run}")["note"].startswith("note "))


if __name__ == "__main__":
    main()
