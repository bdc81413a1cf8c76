"""A project with pipelines, and what is said of their runs: what the tests of pipelines share."""

import json
import os
import time

from project_case import ProjectCase, events

WINDOW = "2020-05-01T00..2020-05-01T02"


def shell(script):
    return json.dumps(["sh", "-c", script])


class PipelineCase(ProjectCase):
    def setUp(self):
        super().setUp()
        for hour in range(2):
            self.write_hour(hour, events(hour))

    def pipeline(self, text, name="p"):
        self.write(f"pipelines/{name}.yml", text)

    def run_pipeline(self, name="p", *arguments, status=0):
        """What `run --pipeline` says of the run."""
        found, out, text = self.call("--json", "run", "--pipeline", name, *arguments)
        self.assertEqual(found, status, text)
        return json.loads(out)

    def states(self, run):
        return {task["task"]: task["state"] for task in run["tasks"]}

    def attempts(self, run):
        return {task["task"]: [attempt["state"] for attempt in task["attempts"]] for task in run["tasks"]}

    def runs(self, *arguments):
        status, out, text = self.call("--json", "runs", *arguments)
        self.assertEqual(status, 0, text)
        return json.loads(out)

    def lines(self, name):
        path = os.path.join(self.project, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return file.read().split("\n")[:-1]

    def wait_for(self, condition, what):
        end = time.time() + 60
        while not condition():
            self.assertLess(time.time(), end, what)
            time.sleep(0.01)
