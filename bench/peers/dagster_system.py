"""Dagster as `dagster dev` runs it, on its SQLite files; a run goes through the queue of its daemon."""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import system

VERSION = "1.13.27"
PACKAGES = f"dagster=={VERSION},dagster-webserver=={VERSION}"
HERE = os.path.dirname(os.path.abspath(__file__))

REPOSITORIES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatTime } } } }"
LAUNCH = """mutation($run: ExecutionParams!) { launchRun(executionParams: $run) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status endTime stepStats { startTime endTime } } } }"


class Dagster(system.System):
    name = "Dagster"
    version = VERSION
    kinds = {"process": "op that passes, multiprocess_executor", "inside": "op that passes, in_process_executor"}

    def __init__(self, folder):
        super().__init__(folder)
        state = os.path.join(folder, "state")
        os.makedirs(state)
        with open(os.path.join(state, "dagster.yaml"), "w", encoding="utf-8") as file:
            file.write("telemetry: {enabled: false}\n")
        shutil.copy(os.path.join(HERE, "dagster_jobs.py"), folder)
        self.environment = system.python_environment(system.python_packages(PACKAGES), DAGSTER_HOME=state)
        self.address = f"http://127.0.0.1:{system.free_port()}"
        self.repository = None

    def start(self):
        begun = time.time()
        self.launch(["dagster", "dev", "-f", "dagster_jobs.py", "-h", "127.0.0.1", "-p", self.address.rpartition(":")[2]],
                    self.environment, "dagster")
        self.repository = self.wait_until(lambda: self._ask(REPOSITORIES)["repositoriesOrError"]["nodes"], 300)[0]
        self.wait_until(lambda: self._daemons_beat_since(begun), 300)

    def run(self, shape, kind):
        selector = {"repositoryName": self.repository["name"], "repositoryLocationName": self.repository["location"]["name"],
                    "jobName": f"{shape}_{kind}"}
        asked = time.time()
        launched = self._ask(LAUNCH, {"run": {"selector": selector, "runConfigData": {}, "mode": "default"}})["launchRun"]
        if "run" not in launched:
            raise measure.Failed(f"Dagster: {launched}")
        ended = self.wait_until(lambda: self._ended(launched["run"]["runId"]), 600, 0.25)
        if ended["status"] != "SUCCESS" or len(ended["stepStats"]) != {"chain": system.CHAIN, "side": system.SIDE}[shape]:
            raise measure.Failed(f"Dagster: the run of {shape} is {ended['status']}: {self.logs()}")
        return system.Run(asked, ended["endTime"], [(step["startTime"], step["endTime"]) for step in ended["stepStats"]])

    def _ask(self, query, variables=None):
        return system.ask(self.address + "/graphql", {"query": query, "variables": variables or {}})["data"]

    def _daemons_beat_since(self, begun):
        statuses = self._ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(each["healthy"] and each["lastHeartbeatTime"] > begun for each in statuses if each["required"])

    def _ended(self, run):
        found = self._ask(RUN, {"id": run})["runOrError"]
        return found if found["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None
