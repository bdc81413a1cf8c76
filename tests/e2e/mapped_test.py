"""Tasks with an item for each that another task gives: their copies, failures, clears and crashes. Runs the real binary."""

import json
import os
import re
import urllib.parse

from pipeline_case import PipelineCase, shell
from project_case import main
from server_case import Refused, ServerCase
from task_kinds_test import Service

GUIDE = os.path.join(os.path.dirname(__file__), "../../docs/guide/pipelines.md")

# Gives the files of `in` as a list, and says how often it was asked.
LIST = """#!/bin/sh
echo list >> lists
files=$(cd in && ls | sed 's/.*/"&"/' | paste -sd,)
echo "{\\"files\\": [$files]}" > "$INGOT_OUTPUT"
"""
# Gives how many lines a file has; does not like files with `bad` in them.
LOAD = """#!/bin/sh
echo "$1 $INGOT_TASK" >> loads
if grep -q bad "in/$1"; then echo "$1 is bad"; exit 3; fi
echo "{\\"rows\\": $(wc -l < "in/$1")}" > "$INGOT_OUTPUT"
"""
TELL = """#!/bin/sh
echo "$1" >> told
"""


def example_of_the_guide():
    with open(GUIDE, encoding="utf-8") as file:
        section = file.read().split("## One copy per item\n")[1].split("\n## ")[0]
    return "tasks:\n" + re.search(r"```yaml\n(.*?)```", section, re.DOTALL).group(1)


def write_scripts(case, files):
    for name, text in (("list.sh", LIST), ("load.sh", LOAD), ("tell.sh", TELL)):
        case.write(name, text)
        os.chmod(os.path.join(case.project, name), 0o755)
    os.makedirs(os.path.join(case.project, "in"), exist_ok=True)
    for name, text in files.items():
        case.write(f"in/{name}", text)


class Mapped(PipelineCase):
    def by_name(self, run):
        return {task["task"]: task for task in run["tasks"]}

    def newest_run(self):
        status, out, _ = self.call("--json", "runs")
        runs = json.loads(out) if status == 0 else []
        return self.runs(runs[0]["run_id"]) if runs else {"tasks": []}

    def test_the_example_of_the_guide_loads_each_file_and_tells_of_all(self):
        write_scripts(self, {"a.csv": "1\n2\n", "b.csv": "1\n", "c d.csv": ""})
        self.pipeline(example_of_the_guide())
        run = self.run_pipeline()
        tasks = self.by_name(run)
        self.assertEqual(set(self.states(run).values()), {"success"}, self.states(run))
        self.assertEqual(
            [(name, tasks[name]["item"], tasks[name]["copy_of"]) for name in ("load[0]", "load[1]", "load[2]")],
            [("load[0]", "a.csv", "load"), ("load[1]", "b.csv", "load"), ("load[2]", "c d.csv", "load")],
        )
        self.assertEqual(sorted(self.lines("loads")), ["a.csv load[0]", "b.csv load[1]", "c d.csv load[2]"])
        self.assertEqual(self.lines("told"), ["[2, 1, 0]"])
        self.assertEqual(tasks["load"]["note"], "3 copies")
        self.assertEqual(tasks["load"]["items"], "{tasks.list.files}")
        with open(tasks["load[2]"]["attempts"][0]["log"], encoding="utf-8") as file:
            self.assertIn('item: "c d.csv"', file.read())

    def test_an_empty_list_skips_it_and_a_wrong_one_fails_it_at_its_place(self):
        self.pipeline("""
tasks:
  give: {command: [sh, -c, 'echo "{{\\"none\\": [], \\"text\\": \\"x\\", \\"null\\": [1, null], \\"many\\": [1, 2, 3]}}" > "$INGOT_OUTPUT"']}
  none: {command: ["true"], each: "{tasks.give.none}", after: give}
  then: {command: ["true"], after: none}
  text: {command: ["true"], each: "{tasks.give.text}", after: give, on_fail: warn}
  null: {command: ["true"], each: "{tasks.give.null}", after: give, on_fail: warn}
  miss: {command: ["true"], each: "{tasks.give.mis}", after: give, on_fail: warn, retries: 3}
  many: {command: ["true"], each: "{tasks.give.many}", max_items: 2, after: give, on_fail: warn}
""")
        run = self.run_pipeline()
        tasks = self.by_name(run)
        self.assertEqual((tasks["none"]["state"], tasks["then"]["state"]), ("skipped", "skipped"))
        self.assertEqual(tasks["none"]["note"], "there is nothing to do: {tasks.give.none} is an empty list")
        for name, line, why in (
            ("text", 6, 'they are no list but a text: "x"'),
            ("null", 7, "number 1 is null"),
            ("miss", 8, "no 'mis' was given"),
            ("many", 9, "there are 3, at most 2 are taken: raise `max_items`"),
        ):
            self.assertEqual(tasks[name]["state"], "failed")
            self.assertIn(f"pipelines/p.yml:{line}:", tasks[name]["note"])
            self.assertIn(why, tasks[name]["note"])
            self.assertEqual(len(tasks[name]["attempts"]), 1)

    def test_what_is_wrong_with_it_is_said_before_anything_runs(self):
        for each, why in (
            ('each: "{tasks.lst.files}", after: list', "there is no task 'lst'; did you mean 'list'?"),
            ('each: "{tasks.list.files}"', "'list' does not come right before it: add it to 'after'"),
            ('each: "x {tasks.list.files}", after: list', "'each' must be a list, or what a task gave"),
            ("each: [1], max_items: 3", "'max_items' goes with items that a task gives"),
            ('each: "{tasks.list.files}", max_items: 100001, after: list', "'max_items' must be at most 100000"),
        ):
            self.pipeline(f"tasks:\n  list: {{command: [ls]}}\n  load: {{command: [echo], {each}}}\n")
            status, _, text = self.call("run", "--pipeline", "p")
            self.assertNotEqual(status, 0, text)
            self.assertIn("pipelines/p.yml:3:", text)
            self.assertIn(why, text)

    def test_it_goes_through_values_of_copies_whichever_way_they_came_about(self):
        give = shell('echo "{{\\"name\\": \\"$INGOT_TASK\\"}}" > "$INGOT_OUTPUT"')
        self.pipeline(f"""
tasks:
  fixed: {{command: {give}, each: [eu, us]}}
  one:   {{command: {give}, each: "{{tasks.fixed}}", after: fixed}}
  two:   {{command: [sh, -c, 'echo "$1" >> told', sh, "{{item}}"], each: "{{tasks.one.name}}", after: one}}
  all:   {{command: [sh, -c, 'echo "$1" >> all', sh, "{{tasks.fixed.name}} {{tasks.one}}"], after: two}}
""")
        run = self.run_pipeline()
        self.assertEqual(set(self.states(run).values()), {"success"}, self.states(run))
        self.assertEqual(sorted(self.lines("told")), ["one[0]", "one[1]"])
        self.assertEqual(self.by_name(run)["one[1]"]["item"], {"name": "fixed[us]"})
        self.assertEqual(self.lines("all"), ['["fixed[eu]", "fixed[us]"] [{"name": "one[0]"}, {"name": "one[1]"}]'])

    def test_each_item_is_a_call_of_its_own_to_a_service_that_knows_keys(self):
        service = Service(lambda method, path, number: (503, "") if number == 1 else (200, "{}"))
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        self.environment = {"no_proxy": "*"}
        self.pipeline(f"""
tasks:
  give: {{command: [sh, -c, 'echo "{{{{\\"ids\\": [7, 8]}}}}" > "$INGOT_OUTPUT"']}}
  call: {{http: {{url: "{service.url()}/{{item}}", method: POST, idempotency_key: auto}}, each: "{{tasks.give.ids}}",
          after: give, retries: 1, retry_delay: 0s}}
""")
        self.assertEqual(set(self.states(self.run_pipeline()).values()), {"success"})
        keys = {}
        for _, path, _, headers in service.asked:
            keys.setdefault(path, set()).add(headers["Idempotency-Key"])
        self.assertEqual(len(service.asked), 3, "one of them was tried again")
        self.assertEqual(sorted(keys), ["/7", "/8"])
        self.assertEqual([len(each) for each in keys.values()], [1, 1], "the same key for all attempts")
        self.assertNotEqual(keys["/7"], keys["/8"])

    def test_a_killed_run_goes_on_with_the_copies_that_had_not_ended(self):
        names = [f"{number}.csv" for number in range(6)]
        write_scripts(self, {name: "1\n" for name in names})
        slow = shell('./load.sh "$1"; case "$1" in 0*|1*) ;; *) while ! test -e go; do sleep 0.05; done;; esac')
        slow = slow[:-1] + ', sh, "{item}"]'
        self.pipeline(f"""
tasks:
  list: {{command: [./list.sh]}}
  load: {{command: {slow}, each: "{{tasks.list.files}}", after: list}}
  tell: {{command: [./tell.sh, "{{tasks.load.rows}}"], after: load}}
""")
        process = self.start("run", "--pipeline", "p", "--parallel", "2")

        def in_the_middle():
            states = self.states(self.newest_run())
            return states.get("load[1]") == "success" and list(states.values()).count("running") == 2

        self.wait_for(in_the_middle, "two copies have ended and two run")
        process.kill()
        process.communicate()
        before = self.by_name(self.newest_run())
        self.assertEqual(before["load"]["state"], "expanded")
        self.assertEqual(before["load"]["note"], "2 of 6 copies have ended")
        self.write("go", "")
        run = self.run_pipeline("p", "--parallel", "2")
        tasks = self.by_name(run)
        self.assertEqual(set(self.states(run).values()), {"success"}, self.states(run))
        self.assertEqual(self.lines("lists"), ["list"])
        self.assertEqual(self.lines("told"), ["[1, 1, 1, 1, 1, 1]"])
        # The two that were at work outlived the kill: they are gone on with, not made again.
        copies = {name: states for name, states in self.attempts(run).items() if name.startswith("load[")}
        self.assertEqual(copies, {f"load[{number}]": ["success"] for number in range(6)})
        self.assertEqual(tasks["load"]["note"], "6 copies")


class MappedOnAServer(ServerCase):
    def copies(self, run):
        return {task["task"]: task["state"] for task in run["tasks"] if task["copy_of"] == "load"}

    def of(self, run, name):
        return next(task for task in run["tasks"] if task["task"] == name)

    def start_example(self, files):
        write_scripts(self, files)
        self.pipeline(example_of_the_guide().replace("retries: 3", "retries: 0"))
        server = self.serve()
        return server, server.start_run("p")

    def test_a_copy_that_failed_is_cleared_alone_and_marked_alone(self):
        server, run = self.start_example({"a.csv": "1\n", "b.csv": "bad\n", "c.csv": "bad\n"})
        failed = server.wait_for_run(run)
        self.assertEqual(self.copies(failed), {"load[0]": "success", "load[1]": "failed", "load[2]": "failed"})
        self.assertEqual(self.of(failed, "load")["note"], "3 copies, 2 did not succeed")
        self.assertEqual(self.of(failed, "tell")["state"], "upstream_failed")
        would = server.post(f"/runs/{run}/clear", {"failed_only": True, "dry_run": True})
        self.assertEqual([task["task"] for task in would["runs"][0]["tasks"]], ["tell", "load[1]", "load[2]"])
        self.write("in/b.csv", "1\n2\n")
        server.post(f"/runs/{run}/clear", {"tasks": ["load[1]"]})
        again = server.wait_for_run(run)
        self.assertEqual(self.copies(again), {"load[0]": "success", "load[1]": "success", "load[2]": "failed"})
        self.assertEqual(len(self.of(again, "load[0]")["attempts"]), 1)
        copy = urllib.parse.quote("load[2]", safe="")
        server.post(f"/runs/{run}/tasks/{copy}/mark", {"state": "skipped"})
        self.assertIn("c.csv is bad", server.log_of(run, "load[2]"))
        self.assertEqual(self.of(server.get(f"/runs/{run}"), "load")["note"], "3 copies, 1 skipped")
        with self.assertRaises(Refused) as refused:
            server.post(f"/runs/{run}/clear", {"tasks": ["load[9]"]})
        self.assertIn("the run has no task 'load[9]'", str(refused.exception))

    def test_a_clear_of_what_gives_the_items_makes_the_copies_anew(self):
        server, run = self.start_example({"a.csv": "1\n", "b.csv": "1\n", "c.csv": "1\n"})
        server.wait_for_run(run)
        os.remove(os.path.join(self.project, "in/a.csv"))
        server.post(f"/runs/{run}/clear", {"tasks": ["list"]})
        again = server.wait_for_run(run)
        self.assertEqual(self.copies(again), {"load[0]": "success", "load[1]": "success", "load[2]": "removed"})
        self.assertEqual([self.of(again, f"load[{i}]")["item"] for i in range(2)], ["b.csv", "c.csv"])
        self.assertIn('item: "a.csv"', server.log_of(run, "load[0]", 1), "what it did first can still be read")
        self.assertIn('item: "b.csv"', server.log_of(run, "load[0]", 2))
        self.assertEqual(self.lines("told"), ["[1, 1, 1]", "[1, 1]"])

    def test_a_cancelled_run_stops_its_copies(self):
        write_scripts(self, {"a.csv": "1\n", "b.csv": "1\n", "c.csv": "1\n"})
        self.pipeline("""
tasks:
  list: {command: [./list.sh]}
  load: {command: [sleep, "60"], each: "{tasks.list.files}", after: list}
  tell: {command: [./tell.sh, x], after: load}
""")
        server = self.serve("--workers", "2")
        run = server.start_run("p")
        self.wait_for(lambda: "running" in self.copies(server.get(f"/runs/{run}")).values(), "no copy runs")
        server.post(f"/runs/{run}/cancel", {})
        ended = server.wait_for_run(run)
        self.assertEqual(ended["state"], "cancelled")
        self.assertEqual(set(self.copies(ended).values()), {"cancelled"})
        self.assertEqual(self.of(ended, "load")["state"], "cancelled")


if __name__ == "__main__":
    main()
