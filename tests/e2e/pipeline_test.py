"""Runs of pipelines: their record, retries, limits, and what a killed process leaves. Runs the real binary."""

import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from pipeline_case import WINDOW, PipelineCase, shell
from project_case import FILES, ROOT, events, main

NOTE = "echo {} attempt $INGOT_ATTEMPT >> notes"


class PipelineTest(PipelineCase):
    files = {
        **FILES,
        "pipelines/hourly.yml": """
schedule: "5 * * * *"
window: hour
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.* gold.*", after: load}
  check: {check: "gold.*", after: build}
  tell:  {command: [sh, -c, "echo {item} {window.start:%H} $INGOT_TASK $INGOT_WINDOW_END >> told"], each: [eu, us], after: check}
""",
    }

    @staticmethod
    def has_ended(process):
        """Gone, or dead and not yet buried."""
        try:
            with open(f"/proc/{process}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    @staticmethod
    def text_of(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def wait_for_line(self, name):
        self.wait_for(lambda: self.lines(name), f"nothing in {name}")

    # -- the whole way

    def test_a_check_across_tables_runs_once_when_all_that_it_reads_is_built(self):
        self.write("checks/all_cleaned.sql", """/* ---
description: every event is cleaned
--- */
SELECT id FROM bronze.events WHERE id NOT IN (SELECT id FROM silver.events)
""")
        load, build = "load: {ingest: bronze.events}", "build: {models: silver.events}"
        for tasks, order in (((load, build), ["load", "build"]), ((build, load), ["load", "build"]),
                             ((load, build, "look: {check: silver.events}"), ["load", "build", "look"])):
            with self.subTest(tasks=tasks):
                shutil.rmtree(self.lake, ignore_errors=True)
                for hour in range(2):
                    self.pipeline("window: hour\ntasks:\n" + "".join(f"  {task}\n" for task in tasks))
                    window = f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}"
                    run = self.run_pipeline("p", "--window", window)
                    self.assertEqual([task["task"] for task in run["tasks"]], order)
                    self.assertEqual(set(self.states(run).values()), {"success"})
                    logs = {task["task"]: self.text_of(task["attempts"][0]["log"]) for task in run["tasks"]}
                    self.assertEqual([name for name, log in logs.items() if "all_cleaned.sql" in log], order[-1:])

    def test_tasks_that_only_a_check_joins_run_one_after_another(self):
        self.write("models/silver/other.sql", "/* --- kind: table --- */\nSELECT id FROM bronze.events\n")
        self.write("checks/same.sql", "SELECT id FROM silver.other WHERE id NOT IN (SELECT id FROM silver.events)\n")
        self.succeeds("run", "bronze.events")
        tasks = "  one: {models: silver.other}\n  two: {models: silver.events}\n"
        self.pipeline(f"window: hour\ntasks:\n{tasks}")
        run = self.run_pipeline("p", "--window", WINDOW)
        self.assertEqual([task["after"] for task in run["tasks"]], [[], ["one"]])
        self.assertIn("same.sql", self.text_of(run["tasks"][1]["attempts"][0]["log"]))
        self.assertNotIn("same.sql", self.text_of(run["tasks"][0]["attempts"][0]["log"]))
        self.pipeline(f"window: hour\ntasks:\n{tasks}  look: {{check: silver.other}}\n")
        run = self.run_pipeline("p", "--window", WINDOW)
        self.assertEqual([task["after"] for task in run["tasks"]], [[], [], ["one", "two"]])

    def test_a_check_across_tables_neither_skips_a_task_nor_goes_with_one_that_is_skipped(self):
        self.write("models/silver/other.sql", "/* --- kind: table --- */\nSELECT id FROM bronze.events\n")
        self.write("checks/same.sql", "SELECT id FROM silver.other WHERE id NOT IN (SELECT id FROM silver.events)\n")
        self.succeeds("run", "silver.*", "+silver.events", "--window", WINDOW)
        one, two = "one: {models: silver.other", "two: {models: silver.events"
        gate = "gate: {sensor: {file: never}, every: 1s, timeout: 1s, on_timeout: skip}"
        for tasks, states, checked in (
                (("pick: {branch: {sql: SELECT 'two'}}", one + ", after: pick}", two + ", after: pick}"), ["skipped", "success"], ["two"]),
                ((gate, one + ", after: gate}", two + "}"), ["skipped", "success"], ["two"]),
                (("quit: {command: [sh, -c, exit 99]}", one + ", after: quit}", two + "}"), ["skipped", "success"], ["two"]),
                ((gate, one + "}", two + ", after: [one, gate]}"), ["success", "skipped"], ["one"]),
                ((one + "}", "mend: {command: [true], after: one, when: failed}", two + ", after: mend}"), ["success", "skipped"], ["one"])):
            with self.subTest(tasks=tasks):
                self.pipeline("window: hour\ntasks:\n" + "".join(f"  {task}\n" for task in tasks))
                run = self.run_pipeline("p", "--window", WINDOW)
                self.assertEqual([self.states(run)[task] for task in ("one", "two")], states)
                logs = {task["task"]: self.text_of(task["attempts"][0]["log"]) for task in run["tasks"] if task["attempts"]}
                self.assertEqual([name for name, log in logs.items() if "same.sql" in log], checked)

    def test_a_command_that_has_nothing_to_do_is_skipped_and_the_rules_go_by_it(self):
        self.pipeline(f"""
tasks:
  idle:   {{command: {shell("exit 99")}, retries: 3}}
  other:  {{command: {shell("exit 7")}, skip_exit_code: 7}}
  next:   {{command: ["true"], after: idle}}
  join:   {{command: ["true"], after: [idle, other, next], when: none_failed}}
  alone:  {{command: ["true"], after: [idle, other], when: all_skipped}}
  one:    {{command: ["true"], after: [idle, join], when: one_success}}
  strict: {{command: {shell("exit 99")}, skip_exit_code: 0, on_fail: warn}}
""")
        run = self.run_pipeline()
        self.assertEqual(self.states(run), {
            "idle": "skipped", "other": "skipped", "next": "skipped", "join": "success",
            "alone": "success", "one": "success", "strict": "failed"})
        self.assertEqual(self.attempts(run)["idle"], ["skipped"])
        notes = {task["task"]: task["note"] for task in run["tasks"]}
        self.assertEqual(notes["idle"], "the command said so: exit code 99")
        self.assertEqual(notes["next"], "its `when: success` cannot hold any more")

    def test_a_pipeline_loads_builds_checks_and_tells(self):
        text = self.succeeds("run", "--pipeline", "hourly", "--window", WINDOW)
        self.assertIn("ok: run", text)
        self.assertEqual(len(self.ids("silver.events")), 10)
        self.assertEqual(sorted(self.lines("told")),
                         ["eu 00 tell[eu] 2020-05-01T02:00:00Z", "us 00 tell[us] 2020-05-01T02:00:00Z"])
        (head,) = self.runs()
        self.assertEqual((head["pipeline"], head["state"]), ("hourly", "success"))
        run = self.runs(head["run_id"][:13])
        self.assertEqual(set(self.states(run).values()), {"success"})
        self.assertEqual(run["window"]["end"], "2020-05-01T02:00:00Z")
        self.assertEqual([task["task"] for task in run["tasks"]], ["load", "build", "check", "tell[eu]", "tell[us]"])
        for task in run["tasks"]:
            with open(task["attempts"][0]["log"], encoding="utf-8") as log:
                self.assertIn(task["task"], log.readline())
        self.assertIn("success", self.succeeds("runs"))
        self.assertIn("tell[us]", self.succeeds("runs", head["run_id"]))

    def test_the_pipeline_of_the_gharchive_example(self):
        shutil.rmtree(self.project)
        shutil.copytree(os.path.join(ROOT, "examples/gharchive"), self.project,
                        ignore=shutil.ignore_patterns(".ingot", "lake", "sample"))
        sample = os.path.join(self.work, "sample")
        self.succeeds("datagen", "gharchive", "--hours", "3", "--scale", "0.02", "--out", sample)
        text = self.succeeds("--lake", self.lake, "--param", f"source={sample}", "--env", "local", "run", "--pipeline",
                             "hourly", "--window", "2015-01-01T00..2015-01-01T03")
        self.assertIn("4 success", text)
        self.assertEqual(self.value("select count(distinct date_trunc('hour', created_at)) from gold.events"), "3")
        (head,) = self.runs()
        self.assertEqual(self.states(self.runs(head["run_id"])), {"load": "success", "build": "success", "check": "success", "to_pg": "success"})

    def test_models_come_after_what_loads_their_inputs_without_being_told(self):
        self.pipeline('tasks: {gold: {models: "gold.*"}, silver: {models: "silver.*"}, load: {ingest: bronze.events}}')
        run = self.run_pipeline("p", "--window", WINDOW)
        self.assertEqual([task["task"] for task in run["tasks"]], ["load", "silver", "gold"])
        self.assertEqual(self.value("select sum(events) from gold.hourly"), "10")

    def test_a_run_of_tables_works_beside_a_pipeline(self):
        self.pipeline(f'tasks: {{wait: {{command: {shell("echo here > here; sleep 5")}}}}}')
        process = self.start("run", "--pipeline", "p", "--window", WINDOW)
        self.wait_for_line("here")
        self.succeeds("run", "--window", WINDOW)
        self.assertEqual(len(self.ids()), 10)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    # -- failures

    def test_a_failure_blocks_what_needs_success_and_sets_off_the_alarm(self):
        self.pipeline(f"""
tasks:
  bad:    {{command: {shell("echo the reason >&2; exit 3")}, retries: 0}}
  next:   {{command: ["true"], after: bad}}
  alarm:  {{command: {shell("echo $INGOT_PIPELINE > alarm")}, after: bad, when: one_failed}}
  always: {{command: ["true"], after: [next, alarm], when: done}}
""")
        run = self.run_pipeline(status=1)
        self.assertEqual(run["state"], "failed")
        self.assertEqual(self.states(run),
                         {"bad": "failed", "next": "upstream_failed", "alarm": "success", "always": "success"})
        self.assertEqual(self.lines("alarm"), ["p"])
        note = run["tasks"][0]["note"]
        self.assertIn("exit code 3", note)
        self.assertIn("the reason", note)
        self.assertIn(run["tasks"][0]["attempts"][0]["log"], note)
        self.assertIn("FAILED", self.fails("run", "--pipeline", "p"))

    def test_a_tolerated_failure_leaves_the_run_a_success(self):
        self.pipeline('tasks: {bad: {command: ["false"], retries: 0, on_fail: warn}, next: {command: ["true"], after: bad}}')
        self.assertEqual(self.states(self.run_pipeline()), {"bad": "failed", "next": "success"})

    def test_a_failed_attempt_is_made_again(self):
        self.pipeline(f"tasks: {{shaky: {{command: {shell('test $INGOT_ATTEMPT = 3')}, retries: 2, retry_delay: 1ms}}}}")
        self.assertEqual(self.attempts(self.run_pipeline()), {"shaky": ["failed", "failed", "success"]})

    def test_a_check_that_fails_is_red_and_not_tried_again(self):
        self.succeeds("run", "--window", WINDOW)
        self.change("models/gold/totals.sql", "kind: table\n",
                    "kind: table\nchecks: [{name: many, sql: \"count(*) > 1000\", on_fail: fail}]\n")
        self.pipeline('tasks: {look: {check: gold.totals, retries: 5}}')
        run = self.run_pipeline(status=1)
        self.assertEqual(self.attempts(run), {"look": ["failed"]})
        self.assertIn("many", run["tasks"][0]["note"])

    def test_a_time_limit_ends_the_command_and_all_that_it_started(self):
        script = "trap '' TERM; sleep 300 & echo $! > child; wait; sleep 300"
        self.pipeline(f"tasks: {{slow: {{command: {shell(script)}, timeout: 500ms, retries: 0}}}}")
        run = self.run_pipeline(status=1)
        self.assertEqual(self.attempts(run), {"slow": ["timed_out"]})
        child = int(self.lines("child")[0])
        self.wait_for(lambda: self.has_ended(child), "the child of the command still runs")

    def test_an_interrupt_cancels_the_run(self):
        self.pipeline(f'tasks: {{slow: {{command: {shell("echo here > here; exec sleep 300")}}}, next: {{command: ["true"], after: slow}}}}')
        process = self.start("run", "--pipeline", "p")
        self.wait_for_line("here")
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, text)
        self.assertIn("CANCELLED", text)
        run = self.runs(self.runs()[0]["run_id"])
        self.assertEqual(run["state"], "cancelled")
        self.assertEqual(self.states(run), {"slow": "cancelled", "next": "cancelled"})

    # -- slots

    def test_tasks_run_side_by_side_but_for_their_pool(self):
        self.change("project.yml", "params:", "pools: {one: 1}\nparams:")
        meet = "touch $INGOT_TASK.here; for i in $(seq 200); do test -e $0.here && exit 0; sleep 0.05; done; exit 1"
        alone = "mkdir busy && sleep 0.2 && rmdir busy"
        self.pipeline(f"""
tasks:
  a: {{command: {json.dumps(["sh", "-c", meet, "b"])}, retries: 0}}
  b: {{command: {json.dumps(["sh", "-c", meet, "a"])}, retries: 0}}
""")
        self.run_pipeline()
        self.pipeline(f'tasks: {{t: {{command: {shell(alone)}, each: [1, 2, 3], pool: one, retries: 0}}}}')
        self.run_pipeline("p", "--parallel", "3")

    def test_a_run_more_than_the_pipeline_may_have_is_refused(self):
        self.pipeline(f'tasks: {{slow: {{command: {shell("echo here > here; sleep 5")}}}}}')
        process = self.start("run", "--pipeline", "p")
        self.wait_for_line("here")
        (head,) = self.runs()
        self.assertEqual(head["state"], "running")
        self.fails("run", "--pipeline", "p", says=["is running already", f"process {process.pid}", "active_runs"])
        process.communicate(timeout=60)
        self.assertEqual(len(self.runs()), 1)

    # -- processes that are killed

    def killed(self, point, *arguments):
        self.environment = {"INGOT_CRASH_POINT": point}
        status, _, text = self.call("run", "--pipeline", "hourly", "--window", WINDOW, *arguments)
        self.environment = {}
        return status, text

    def test_a_killed_run_is_interrupted_and_goes_on(self):
        self.succeeds("run", "--pipeline", "hourly", "--window", WINDOW)
        expected = self.tables()
        (whole,) = self.runs()
        for point in ("orchestrator.decided", "orchestrator.recorded", "publish.committed"):
            for nth in range(1, 100):
                with self.subTest(f"{point}:{nth}"):
                    subprocess.run(["rm", "-rf", self.lake, os.path.join(self.project, ".ingot"),
                                    os.path.join(self.project, "told")], check=True)
                    status, text = self.killed(f"{point}:{nth}")
                    if status == 0:
                        break
                    self.assertEqual(status, -signal.SIGKILL, text)
                    left = self.runs() if glob.glob(os.path.join(self.project, ".ingot/state.db")) else []
                    ended = {}
                    if left and left[0]["state"] != "success":
                        self.assertEqual([run["state"] for run in left], ["interrupted"])
                        self.assertIn("goes on with it", self.succeeds("runs", left[0]["run_id"]))
                        ended = {task["task"]: task for task in self.runs(left[0]["run_id"])["tasks"]
                                 if task["state"] == "success"}
                    run = self.run_pipeline("hourly", "--window", WINDOW)
                    self.assertEqual(run["state"], "success")
                    if left and left[0]["state"] == "interrupted":
                        self.assertEqual(run["run_id"], left[0]["run_id"], "the same run goes on")
                        for task in run["tasks"]:
                            if task["task"] in ended:
                                self.assertEqual(task, ended[task["task"]], "an ended task ran again")
                    self.assertEqual(self.tables(), expected)
                    self.assertEqual(sorted(set(self.lines("told"))), sorted(
                        ["eu 00 tell[eu] 2020-05-01T02:00:00Z", "us 00 tell[us] 2020-05-01T02:00:00Z"]))
            else:
                self.fail("the run never got past the point")
        self.assertEqual(whole["state"], "success")

    def test_an_ended_command_does_not_run_again(self):
        first = shell(NOTE.format("first"))
        self.pipeline(f"""
tasks:
  first:  {{command: {first}}}
  second: {{command: {shell(NOTE.format("second") + "; until test -e go; do sleep 0.05; done")}, after: first}}
""")
        process = self.start("run", "--pipeline", "p")
        self.wait_for(lambda: len(self.lines("notes")) == 2, "the second task has not begun")
        process.kill()
        process.communicate(timeout=60)
        run = self.runs(self.runs()[0]["run_id"])
        self.assertEqual(run["state"], "interrupted")
        self.assertEqual(self.attempts(run), {"first": ["success"], "second": ["running"]})
        self.write("go", "")
        run = self.run_pipeline()
        self.assertEqual(self.attempts(run), {"first": ["success"], "second": ["success"]})
        self.assertEqual(self.lines("notes"), ["first attempt 1", "second attempt 1"])

    def test_full_and_a_changed_pipeline_begin_anew_and_end_what_was_left(self):
        text = 'tasks: {{one: {{command: ["true"]}}, two: {{command: ["true"], after: one, retries: {}}}}}'
        for arguments, retries in ((["--full"], 1), ([], 2)):
            self.pipeline(text.format(1))
            self.environment = {"INGOT_CRASH_POINT": "orchestrator.recorded:2"}
            self.assertEqual(self.call("run", "--pipeline", "p")[0], -signal.SIGKILL)
            self.environment = {}
            self.pipeline(text.format(retries))
            run = self.run_pipeline("p", *arguments)
            self.assertEqual(self.attempts(run), {"one": ["success"], "two": ["success"]})
            heads = self.runs()
            self.assertEqual([head["state"] for head in heads[:2]], ["success", "cancelled"])
            self.assertIn(run["run_id"], self.succeeds("runs", heads[1]["run_id"]))

    # -- what cannot be run, and stores

    def test_what_is_not_there_yet_is_refused_by_name_before_anything_runs(self):
        self.pipeline('tasks: {load: {ingest: bronze.events}, tidy: {maintain: {select: "*", vacuum: true}, after: load}}')
        self.fails("run", "--pipeline", "p", says=["pipelines/p.yml:1:", "not yet", "maintain", "tidy"])
        self.assertEqual(self.versions(), {})
        self.fails("runs", says=["no pipeline has run yet"])
        status, _, text = self.call("run", "--pipeline", "hourli")
        self.assertEqual(status, 2, text)
        self.assertIn("hourly", text)

    def test_an_environment_that_wants_to_be_confirmed_is_not_changed_unasked(self):
        self.change("project.yml", "params:", "environments: {prod: {lake: ./prod, confirm: true}}\nparams:")
        arguments = ["--env", "prod", "run", "--pipeline", "hourly", "--window", WINDOW]
        status, _, text = self.call(*arguments)
        self.assertEqual(status, 2, text)
        self.assertIn("--yes", text)
        self.fails("runs", says=["no pipeline has run yet"])
        self.assertIn("ok: run", self.succeeds(*arguments, "--yes"))

    def test_a_store_that_cannot_be_used_is_named_and_nothing_runs(self):
        path = self.write(".ingot/state.db", "x" * 5000)
        self.fails("run", "--pipeline", "hourly", "--window", WINDOW, says=[path, "damaged", "move it away"])
        os.remove(path)
        self.run_pipeline("hourly", "--window", WINDOW)
        with sqlite3.connect(path) as store:
            store.execute("PRAGMA user_version = 99")
        self.fails("run", "--pipeline", "hourly", "--window", WINDOW, says=[path, "newer version of Ingot"])
        self.fails("runs", says=["newer version of Ingot"])

    def test_a_full_disk_of_the_store_stops_the_run_which_goes_on_later(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small disk needs root")
        disk = os.path.join(self.work, "disk")
        os.makedirs(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode != 0:
            self.skipTest("mounting a small disk is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        self.change("project.yml", "params:", f"store: {disk}/state.db\nparams:")
        fill = f"dd if=/dev/zero of={disk}/ballast bs=4k 2>/dev/null; true"
        self.pipeline(f'tasks: {{fill: {{command: {shell("test -e filled || (touch filled; " + fill + ")")}}}, next: {{command: ["true"], after: fill}}}}')
        self.fails("run", "--pipeline", "p", says=["state.db", "full", "free some space"])
        os.remove(f"{disk}/ballast")
        run = self.run_pipeline()
        self.assertEqual(self.attempts(run), {"fill": ["lost", "success"], "next": ["success"]})


if __name__ == "__main__":
    main()
