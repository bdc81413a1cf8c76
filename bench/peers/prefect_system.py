"""Prefect as `prefect server start` and a process that serves flows run it, on its SQLite file. A run is a process, a task a call in it."""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import system

VERSION = "3.8.8"
# The newest fastapi that this version can start with.
PACKAGES = f"prefect=={VERSION},fastapi==0.139.0"
HERE = os.path.dirname(os.path.abspath(__file__))


class Prefect(system.System):
    name = "Prefect"
    version = VERSION
    kinds = {"inside": "@task that passes"}
    flows = "prefect_flows.py"

    def __init__(self, folder):
        super().__init__(folder)
        shutil.copy(os.path.join(HERE, self.flows), folder)
        self.port = system.free_port()
        self.address = f"http://127.0.0.1:{self.port}/api"
        self.environment = system.python_environment(
            system.python_packages(PACKAGES), PREFECT_HOME=os.path.join(folder, "state"), PREFECT_API_URL=self.address,
            PREFECT_SERVER_ANALYTICS_ENABLED="false")
        self.deployments = {}

    def start(self):
        begun = time.time()
        self.launch(["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)], self.environment, "server")
        self.wait_until(lambda: self._ask("/health"), 300)
        self.launch([sys.executable, self.flows], self.environment, "serve")
        self.wait_until(lambda: self._is_served_since(begun), 300)

    def run(self, shape, kind):
        asked = time.time()
        run = self._ask(f"/deployments/{self.deployments[shape]}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]
        ended = self.wait_until(lambda: self._ended(run), 600, 0.25)
        if ended["state_type"] != "COMPLETED":
            raise measure.Failed(f"Prefect: the run of {shape} is {ended['state_type']}: {self.logs()}")
        # What became of tasks reaches the database after the run did.
        tasks = self.wait_until(lambda: self._tasks(run, {"chain": system.CHAIN, "side": system.SIDE}[shape]), 120, 0.25)
        return system.Run(asked, system.seconds_of(ended["end_time"]),
                          [(system.seconds_of(task["start_time"]), system.seconds_of(task["end_time"])) for task in tasks])

    def _ask(self, path, body=None):
        return system.ask(self.address + path, body)

    def _is_served_since(self, begun):
        found = self._ask("/deployments/filter", {})
        self.deployments = {each["entrypoint"].rpartition(":")[2]: each["id"] for each in found}
        return bool(found) and all(each["last_polled"] and system.seconds_of(each["last_polled"]) > begun for each in found)

    def _ended(self, run):
        found = self._ask(f"/flow_runs/{run}")
        return found if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    def _tasks(self, run, count):
        found = self._ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}, "limit": 200})
        return found if len(found) == count and all(each["end_time"] for each in found) else None
