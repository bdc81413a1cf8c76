"""Tasks in processes of their own (`isolation: process`): what a crash of one, of its server or of both leaves. Runs the real binary."""

import glob
import json
import os
import random
import shutil
import signal
import sys
import time

from pipeline_case import shell
from project_case import FILES, ROOT, events, main
from server_case import ServerCase

sys.path.insert(0, os.path.join(ROOT, "tests", "components"))
from postgres_server import PostgresServer  # noqa: E402

HOURLY = """
window: hour
isolation: process
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.* gold.*"}
  look:  {check: "silver.*", after: build}
"""
WINDOW = {"start": "2020-05-01T00:00:00Z", "end": "2020-05-01T02:00:00Z"}
# Says that it has begun, waits for the file `go`, and gives ten rows.
SLOW = """
table: bronze.slow
load: snapshot
from: {command: [sh, -c, "echo begun >> told; until test -e go; do sleep 0.05; done; cat ten.ndjson"], emits: ndjson}
columns: {id: bigint}
"""
ONE = "tasks: {{a: {{ingest: bronze.slow, isolation: process{0}}}}}"


def processes(project, run, task=None):
    """Those that carry out tasks of the run, or only this one of them: by number, the task."""
    found = {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{folder}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
            with open(f"{folder}/environ", "rb") as file:
                environment = dict(line.split(b"=", 1) for line in file.read().split(b"\0") if b"=" in line)
        except OSError:
            continue
        here = b"run-task" in arguments and arguments[-2].startswith(project.encode())
        name = environment.get(b"INGOT_TASK", b"").decode()
        if here and environment.get(b"INGOT_RUN_ID") == run.encode() and task in (None, name):
            found[int(os.path.basename(folder))] = name
    return found


def kill(process, how=signal.SIGKILL):
    try:
        os.kill(process, how)
    except ProcessLookupError:
        pass  # It was faster.


def said(run, task=0, attempt=-1):
    return run["tasks"][task]["attempts"][attempt]["message"]


class IsolationTest(ServerCase):
    files = {**FILES, "pipelines/hourly.yml": HOURLY, "sources/slow.yml": SLOW}

    def setUp(self):
        super().setUp()
        for hour in range(2):
            self.write_hour(hour, events(hour))
        self.write("ten.ndjson", "".join(f'{{"id": {number}}}\n' for number in range(10)))

    # -- processes

    def processes(self, run):
        """Those that carry out tasks of the run."""
        return processes(self.project, run)

    def left(self):
        """Processes of any kind that belong to runs of this project."""
        found = []
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{folder}/environ", "rb") as file:
                    of_run = b"INGOT_RUN_ID=" in file.read()
                here = os.readlink(f"{folder}/cwd") == self.project
            except OSError:
                continue
            if of_run and here:
                found.append(folder)
        return found

    def begun(self, server, pipeline="p", **request):
        """A run whose task is in the middle of its work, and the task's process."""
        run = server.start_run(pipeline, **request)
        self.wait_for(lambda: self.lines("told"), "it does not begin")
        (process,) = self.processes(run)
        return run, process

    def attempts(self, run):
        return [[attempt["state"] for attempt in task["attempts"]] for task in run["tasks"]]

    def succeeded(self, run, *attempts):
        self.assertEqual((run["state"], self.attempts(run)), ("success", list(attempts)), json.dumps(run, indent=1))

    def beside_log(self, run):
        return sorted(os.listdir(os.path.join(self.project, f".ingot/runs/{run}")))

    # -- what it does

    def test_it_publishes_what_a_thread_publishes(self):
        self.succeeds("run", "--pipeline", "hourly", "--window", "2020-05-01T00..2020-05-01T02")
        isolated = self.tables()
        self.assertEqual(len(isolated["silver.events"]), 10)
        shutil.rmtree(self.lake)
        self.change("pipelines/hourly.yml", "isolation: process", "isolation: thread")
        self.succeeds("run", "--pipeline", "hourly", "--window", "2020-05-01T00..2020-05-01T02")
        self.assertEqual(self.tables(), isolated)

    def test_its_log_is_the_tasks_and_little_is_left_beside_it(self):
        server = self.serve()
        run = server.start_run("hourly", window=WINDOW)
        self.succeeded(server.wait_for_run(run), ["success"], ["success"], ["success"])
        log = server.log_of(run, "load")
        self.assertTrue(log.startswith("load attempt 1: ingest bronze.events\n"), log)
        self.assertIn("bronze.events published: 10 rows", log)
        self.assertTrue(log.endswith("exit code 0\n"), log)
        self.assertEqual([name for name in self.beside_log(run) if name.startswith("load")],
                         ["load.1.log", "load.1.log.outcome", "load.1.log.process"])

    # -- crashes

    def test_a_killed_task_fails_its_attempt_and_the_next_has_the_rows_once(self):
        self.pipeline(ONE.format(", retries: 1, retry_delay: 10ms"))
        server = self.serve()
        for number, (how, says) in enumerate({signal.SIGKILL: "was killed by SIGKILL: the machine had no memory left, or somebody ended it",
                                              signal.SIGSEGV: "crashed with SIGSEGV", signal.SIGABRT: "crashed with SIGABRT"}.items()):
            with self.subTest(how):
                for name in ("told", "go"):
                    if os.path.exists(os.path.join(self.project, name)):
                        os.remove(os.path.join(self.project, name))
                self.write("ten.ndjson", "".join(f'{{"id": {id + number}}}\n' for id in range(10)))
                run, process = self.begun(server)
                os.kill(process, how)
                self.wait_for(lambda: len(self.lines("told")) == 2, "it is not tried again")
                self.write("go", "")
                found = server.wait_for_run(run)
                self.succeeded(found, ["failed", "success"])
                self.assertIn(f"the task's process {says} (", said(found, attempt=0))
                self.assertIn("a.1.log", said(found, attempt=0))
                self.assertEqual(self.ids("bronze.slow"), list(range(number, number + 10)))
                self.assertIsNone(server.process.poll())
                self.assertEqual(self.left(), [], "the program of the source went with its task")

    def test_it_is_gone_before_the_server_when_memory_is_short(self):
        self.pipeline(ONE.format(""))
        server = self.serve()
        run, process = self.begun(server)
        scores = {}
        for pid in (process, server.process.pid):
            with open(f"/proc/{pid}/oom_score", encoding="utf-8") as file:
                scores[pid] = int(file.read())
        self.assertGreater(scores[process], scores[server.process.pid])
        self.write("go", "")
        self.succeeded(server.wait_for_run(run), ["success"])

    # -- kills of the server

    def test_it_outlives_its_killed_server_and_the_next_goes_on_with_it(self):
        self.pipeline(ONE.format(", retries: 0"))
        server = self.serve()
        run, process = self.begun(server)
        for _ in range(2):
            server.stop(signal.SIGKILL)
            self.assertEqual(self.processes(run), {process: "a"})
            server = self.serve()
            self.assertEqual(server.get(f"/runs/{run}")["state"], "running")
        self.write("go", "")
        self.succeeded(server.wait_for_run(run), ["success"])
        self.assertEqual(self.lines("told"), ["begun"], "one attempt, begun once")
        self.assertEqual(self.ids("bronze.slow"), list(range(10)))
        self.assertEqual(self.versions()["bronze/slow"], 1)

    def test_one_that_ends_while_no_server_is_there_counts(self):
        self.pipeline(ONE.format(", retries: 0") .replace("}}", "}, b: {command: [sh, -c, 'echo b >> told'], after: a}}"))
        server = self.serve()
        run, process = self.begun(server)
        server.stop(signal.SIGKILL)
        self.write("go", "")
        self.wait_for(lambda: not self.left(), "it does not end")
        self.succeeded(self.serve().wait_for_run(run), ["success"], ["success"])
        self.assertEqual(self.lines("told"), ["begun", "b"])

    def test_a_failure_while_no_server_is_there_counts_and_is_tried_again(self):
        self.pipeline(ONE.format(", retries: 1, retry_delay: 10ms"))
        server = self.serve()
        run, process = self.begun(server)
        server.stop(signal.SIGKILL)
        os.kill(process, signal.SIGSEGV)
        self.wait_for(lambda: not self.processes(run), "it does not end")
        self.write("go", "")
        found = self.serve().wait_for_run(run)
        self.succeeded(found, ["failed", "success"])
        self.assertIn("crashed with SIGSEGV", said(found, attempt=0))

    def test_without_its_keeper_it_is_ended_and_made_again(self):
        self.pipeline(ONE.format(", retries: 1, retry_delay: 10ms"))
        server = self.serve()
        run, process = self.begun(server)
        with open(os.path.join(self.project, f".ingot/runs/{run}/a.1.log.process"), encoding="utf-8") as record:
            os.kill(json.load(record)["pid"], signal.SIGKILL)
        self.wait_for(lambda: len(self.lines("told")) == 2, "it is not tried again")
        self.assertNotIn(process, self.processes(run))
        self.write("go", "")
        found = server.wait_for_run(run)
        self.succeeded(found, ["failed", "success"])
        self.assertIn("the process that kept the command was killed", said(found, attempt=0))

    def test_a_run_by_hand_goes_on_with_what_its_killed_process_left(self):
        self.pipeline(ONE.format(", retries: 0"))
        process = self.start("run", "--pipeline", "p")
        self.wait_for(lambda: self.lines("told"), "it does not begin")
        process.kill()
        process.communicate()
        self.write("go", "")
        self.assertIn("it goes on", self.succeeds("run", "--pipeline", "p"))
        self.assertEqual(self.lines("told"), ["begun"])
        self.assertEqual(self.ids("bronze.slow"), list(range(10)))

    # -- its end

    def test_a_cancelled_run_leaves_no_process(self):
        self.pipeline(ONE.format(""))
        server = self.serve()
        run, _ = self.begun(server)
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        found = server.wait_for_run(run)
        self.assertEqual(found["state"], "cancelled", found)
        self.assertEqual(self.left(), [])
        self.assertNotIn("once more to end at once", server.log_of(run, "a"))

    def test_one_that_was_gone_on_with_is_cancelled_too(self):
        self.pipeline(ONE.format(""))
        server = self.serve()
        run, _ = self.begun(server)
        server.stop(signal.SIGKILL)
        server = self.serve()
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        self.assertEqual(server.wait_for_run(run)["state"], "cancelled")
        self.wait_for(lambda: not self.left(), "it goes on")

    def test_one_that_nobody_waits_for_is_cancelled_without_a_server(self):
        self.pipeline(ONE.format(""))
        server = self.serve()
        run, _ = self.begun(server)
        server.stop(signal.SIGKILL)
        self.succeeds("runs", "cancel", run)
        self.assertEqual(self.left(), [])

    def test_a_time_limit_ends_it(self):
        self.pipeline(ONE.format(", retries: 0, timeout: 2s"))
        server = self.serve()
        run, _ = self.begun(server)
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("failed", [["timed_out"]]), found)
        self.assertEqual(self.left(), [])

    def test_one_that_does_not_listen_is_killed(self):
        self.pipeline(ONE.format(""))
        server = self.serve()
        run, process = self.begun(server)
        os.kill(process, signal.SIGSTOP)
        server.post(f"/runs/{run}/cancel", {"reason": "enough"})
        self.assertEqual(server.wait_for_run(run)["state"], "cancelled")
        self.assertEqual(self.left(), [])

    def test_somebody_who_ends_it_fails_the_attempt(self):
        self.pipeline(ONE.format(", retries: 0"))
        server = self.serve()
        run, process = self.begun(server)
        os.kill(process, signal.SIGTERM)
        found = server.wait_for_run(run)
        self.assertEqual((found["state"], self.attempts(found)), ("failed", [["failed"]]), found)
        self.assertIn("somebody else told the task's process to stop", json.dumps(found))

    # -- what goes in and comes out

    def test_values_go_into_it_and_out_of_it(self):
        self.pipeline("""
isolation: process
tasks:
  count: {sensor: {sql: "SELECT count(*) AS rows, 'out' AS folder FROM bronze.slow"}, after: load}
  load:  {ingest: bronze.slow}
  pick:  {branch: {sql: SELECT 'write' FROM bronze.slow LIMIT 1}, after: count}
  write: {export: [{from: bronze.slow, to: "./{tasks.count.folder}/{tasks.count.rows}.csv"}], after: [pick, count]}
  other: {command: ["false"], after: pick}
  tell:  {command: [sh, -c, "echo {tasks.count.rows} >> told"], after: write}
""")
        self.write("go", "")
        server = self.serve()
        found = server.wait_for_run(server.start_run("p"))
        self.assertEqual(found["state"], "success", json.dumps(found, indent=1))
        self.assertEqual({task["task"]: task["state"] for task in found["tasks"]},
                         {"load": "success", "count": "success", "pick": "success", "write": "success", "other": "skipped", "tell": "success"})
        self.assertEqual(self.lines("told"), ["begun", "10"])
        self.assertEqual(len(self.lines("out/10.csv")), 11)

    def test_each_copy_has_a_process_of_its_own(self):
        self.pipeline("""
tasks:
  list:  {command: [sh, -c, "echo '{{\\"names\\": [\\"x\\", \\"y\\"]}}' > $INGOT_OUTPUT"]}
  write: {export: [{from: bronze.slow, to: "./out/{item}.csv"}], each: "{tasks.list.names}", isolation: process, after: [list, load]}
  same:  {export: [{from: bronze.slow, to: "./out/{item}.csv"}], each: [u, v], isolation: process, after: load}
  load:  {ingest: bronze.slow}
""")
        self.write("go", "")
        server = self.serve()
        found = server.wait_for_run(server.start_run("p"))
        self.assertEqual(found["state"], "success", json.dumps(found, indent=1))
        self.assertEqual(sorted(os.listdir(os.path.join(self.project, "out"))), ["u.csv", "v.csv", "x.csv", "y.csv"])
        records = [name for name in self.beside_log(found["run_id"]) if name.endswith(".outcome")]
        self.assertEqual(len(records), 4, records)

    def test_a_sensor_asks_until_it_is_there_and_keeps_no_old_outcome(self):
        self.pipeline("tasks: {a: {sensor: {file: ready}, every: 1s, timeout: 1m, isolation: process}}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: "checked 3 times" in server.log_of(run, "a"), "it does not ask again")
        self.write("ready", "")
        found = server.wait_for_run(run)
        self.succeeded(found, ["success"])
        self.assertEqual(len([name for name in self.beside_log(run) if name.endswith(".outcome")]), 1, self.beside_log(run))
        self.assertEqual([name for name in self.beside_log(run) if name.endswith(".order")], [])

    def test_a_command_has_a_process_anyway(self):
        self.pipeline(f"isolation: process\ntasks: {{a: {{command: {shell('echo $PPID >> told')}}}}}")
        server = self.serve()
        run = server.start_run("p")
        self.succeeded(server.wait_for_run(run), ["success"])
        self.assertEqual([name for name in self.beside_log(run) if name.startswith("a")], ["a.1.log", "a.1.log.process"])

    def test_a_failure_says_what_a_thread_would_say_and_is_not_tried_again(self):
        self.write("models/gold/wrong.sql", "/* ---\nkind: table\n--- */\nSELECT error('no ' || id) AS x FROM bronze.slow\n")
        self.write("go", "")
        messages = {}
        for isolation in ("thread", "process"):
            self.pipeline(f"isolation: {isolation}\ntasks: {{a: {{ingest: bronze.slow}}, b: {{models: gold.wrong, after: a, retries: 0}}}}")
            server = self.serve()
            found = server.wait_for_run(server.start_run("p"))
            self.assertEqual((found["state"], self.attempts(found)), ("failed", [["success"], ["failed"]]), found)
            messages[isolation] = said(found, 1)
            server.stop()
        self.assertEqual(messages["process"], messages["thread"])

    def test_parameters_environment_and_lake_are_those_of_the_run(self):
        self.change("project.yml", "params: {", "params: {least: {type: integer}, ")
        self.change("project.yml", "lake: ./lake", "lake: ./lake\nenvironments: {other: {lake: ./other_lake}}")
        self.write("models/gold/chosen.sql", "/* ---\nkind: table\n--- */\nSELECT id, $params.least AS least, $params.name AS name FROM bronze.slow WHERE id >= $params.least\n")
        self.change("project.yml", "params: {", "params: {name: {type: string, default: nobody}, ")
        self.pipeline("isolation: process\ntasks: {a: {ingest: bronze.slow}, b: {models: gold.chosen}}")
        self.write("go", "")
        asked = ("--env", "other", "--param", "least=7")
        self.succeeds(*asked, "run", "--pipeline", "p", "--pipeline-param", "name=a=b c")
        self.assertEqual(self.call(*asked, "sql", "--format", "csv", "select * from gold.chosen order by id")[1].split("\n")[1:4],
                         ["7,7,a=b c", "8,7,a=b c", "9,7,a=b c"])
        self.assertFalse(os.path.exists(self.lake))

    # -- secrets

    def test_no_secret_is_written_anywhere(self):
        self.write("sources/slow.yml", SLOW.replace("echo begun >> told", "test $TOKEN = red-herring && echo $TOKEN >&2; echo begun >> told")
                   .replace("emits: ndjson", "emits: ndjson, environment: {TOKEN: $secret.TOKEN}"))
        self.write(".env", "TOKEN=red-herring\n")
        self.write("go", "")
        self.pipeline(ONE.format(", retries: 0"))
        for point, state in (("", "success"), ("keeper.claimed", "failed")):  # At the second the order stays where it was.
            self.environment = {"INGOT_CRASH_POINT": point}
            server = self.serve()
            found = server.wait_for_run(server.start_run("p"))
            self.assertEqual(found["state"], state, json.dumps(found, indent=1))
            names = self.beside_log(found["run_id"])
            self.assertIn("a.1.log.order" if point else "a.1.log.outcome", names)
            for name in names:
                with open(os.path.join(self.project, ".ingot/runs", found["run_id"], name), "rb") as file:
                    self.assertNotIn(b"red-herring", file.read(), name)
            server.stop()
        self.assertEqual(self.lines("told"), ["begun"])

    # -- the program and the project change

    def test_a_replaced_or_deleted_program_is_the_same_to_it(self):
        program = os.path.join(self.work, "ingot")
        shutil.copy(self.ingot, program)
        self.pipeline(ONE.format(", retries: 0"))
        self.write("go", "")
        original, self.ingot = self.ingot, program
        self.addCleanup(setattr, self, "ingot", original)
        server = self.serve()
        os.remove(program)
        self.succeeded(server.wait_for_run(server.start_run("p")), ["success"])
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 3\n")
        os.chmod(program, 0o755)
        self.succeeded(server.wait_for_run(server.start_run("p")), ["success"])

    def test_a_project_that_is_edited_in_between_counts_as_it_is_and_the_log_says_so(self):
        self.pipeline("tasks:\n  a: {command: [sh, -c, 'echo first >> told; until test -e go; do sleep 0.05; done']}\n"
                      "  b: {ingest: bronze.slow, isolation: process, after: a, retries: 0}")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(lambda: self.lines("told") == ["first"], "it does not begin")
        self.change("sources/slow.yml", "ten.ndjson", "two.ndjson")
        self.write("two.ndjson", '{"id": 1}\n{"id": 2}\n')
        self.write("go", "")
        self.succeeded(server.wait_for_run(run), ["success"], ["success"])
        self.assertEqual(self.ids("bronze.slow"), [1, 2])
        self.assertRegex(server.log_of(run, "b"), r"the project is files-\w+ here, and files-\w+ where the run is carried out")

    def test_a_task_that_is_gone_or_a_project_that_is_broken_is_a_clear_error(self):
        self.pipeline("tasks:\n  a: {command: [sh, -c, 'echo first >> told; until test -e go; do sleep 0.05; done']}\n"
                      "  b: {ingest: bronze.slow, isolation: process, after: a, retries: 0}")
        for change, says in (("tasks: {a: {command: ['true']}}", "the task b is gone from pipelines/p.yml: start a run anew"),
                             ("tasks: {a: {commnd: ['true']}}", "did you mean 'command'?")):
            with self.subTest(says):
                for name in ("told", "go"):
                    if os.path.exists(os.path.join(self.project, name)):
                        os.remove(os.path.join(self.project, name))
                server = self.serve()
                run = server.start_run("p")
                self.wait_for(lambda: self.lines("told") == ["first"], "it does not begin")
                with open(os.path.join(self.project, "pipelines/p.yml"), encoding="utf-8") as file:
                    before = file.read()
                self.pipeline(change)
                self.write("go", "")
                found = server.wait_for_run(run)
                self.assertEqual((found["state"], self.attempts(found)), ("failed", [["success"], ["failed"]]), found)
                self.assertIn(says, said(found, 1))
                server.stop()
                self.pipeline(before)

    # -- again and again

    def test_killed_again_and_again_it_has_each_row_once(self):
        """Files that come one by one, loaded by a task that is killed at any time, as is its server."""
        self.write("sources/drops.yml", """
table: bronze.drops
load: files
from: {files: "drops/*.ndjson"}
format: {ndjson: {}}
columns: {id: bigint}
""")
        self.write("models/gold/count.sql", "/* ---\nkind: table\n--- */\nSELECT count(*) AS rows, count(DISTINCT id) AS ids FROM bronze.drops\n")
        self.pipeline("isolation: process\ntasks:\n  load: {ingest: bronze.drops, retries: 100, retry_delay: 10ms}\n"
                      "  sum: {models: gold.count, retries: 100, retry_delay: 10ms}\n"
                      "  out: {export: [{from: bronze.drops, to: ./drops.csv}], retries: 100, retry_delay: 10ms}")
        chance = random.Random(os.environ.get("INGOT_SEED", "1"))
        server = self.serve()
        expected = []
        killed = 0
        for turn in range(int(os.environ.get("INGOT_KILLS", "6"))):
            for number in range(3):
                rows = list(range(len(expected), len(expected) + chance.randint(1, 2000)))
                expected += rows
                self.write(f"drops/{turn}-{number}.ndjson", "".join(f'{{"id": {row}}}\n' for row in rows))
            run = server.start_run("p")
            for _ in range(chance.randint(1, 3)):
                time.sleep(chance.uniform(0, 0.25))
                for process in self.processes(run):
                    if chance.random() < 0.7:
                        kill(process)
                if chance.random() < 0.5:
                    server.stop(signal.SIGKILL)
                    server = self.serve()
            found = server.wait_for_run(run)
            self.assertEqual(found["state"], "success", json.dumps(found, indent=1))
            self.assertEqual(self.rows("select * from gold.count"), [(str(len(expected)), str(len(expected)))], f"turn {turn}")
            self.assertEqual(len(self.lines("drops.csv")), len(expected) + 1)
            killed += sum(attempt["state"] != "success" for task in found["tasks"] for attempt in task["attempts"])
        self.assertGreater(killed, 0, "no kill hit anything")
        self.assertEqual(self.ids("bronze.drops"), expected)
        self.assertEqual(self.left(), [])


class IsolatedExportTest(ServerCase):
    """What goes to a real PostgreSQL."""

    def test_killed_again_and_again_it_appends_each_row_once(self):
        postgres = PostgresServer(os.path.join(self.work, "postgres"))
        self.addCleanup(postgres.stop)
        with open(os.path.join(self.project, "project.yml"), "a", encoding="utf-8") as file:
            file.write(postgres.connection())
        self.pipeline("window: hour\nisolation: process\ntasks:\n  load: {ingest: bronze.events}\n  build: {models: silver.events}\n"
                      "  out: {export: [{from: silver.events, to: warehouse.public.history, mode: append}], retries: 100, retry_delay: 10ms}")
        chance = random.Random(os.environ.get("INGOT_SEED", "1"))
        server = self.serve()
        expected = killed = 0
        for hour in range(int(os.environ.get("INGOT_KILLS", "5"))):
            rows = events(hour, chance.randint(1, 900))
            expected += len(rows)
            self.write_hour(hour, rows)
            window = {"start": f"2020-05-01T{hour:02}:00:00Z", "end": f"2020-05-01T{hour + 1:02}:00:00Z"}
            run = server.start_run("p", window=window)
            kills = chance.randint(0, 4)
            while kills > 0 and not server.get(f"/runs/{run}")["ended_at"]:
                for process in processes(self.project, run, "out"):
                    time.sleep(chance.uniform(0, 0.08))
                    kill(process)
                    kills -= 1
                    if chance.random() < 0.3:
                        server.stop(signal.SIGKILL)
                        server = self.serve()
            found = server.wait_for_run(run)
            self.assertEqual(found["state"], "success", json.dumps(found, indent=1))
            self.assertEqual(postgres.value("select count(*) || ' ' || count(distinct id) from history"), f"{expected} {expected}", f"hour {hour}")
            killed += sum(attempt["state"] != "success" for attempt in found["tasks"][2]["attempts"])
        self.assertGreater(killed, 0, "no kill hit anything")


if __name__ == "__main__":
    main()
