"""Airflow as `airflow standalone` runs it, with the LocalExecutor, on PostgreSQL: on SQLite it does not stand 100 tasks at once."""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import system

VERSION = "3.3.2"
PACKAGES = f"apache-airflow=={VERSION},psycopg2-binary==2.9.13,asyncpg==0.32.0"
HERE = os.path.dirname(os.path.abspath(__file__))
POSTGRES = os.path.join(HERE, "..", "..", "tests", "components", "postgres.sh")
PARTS = {"scheduler": "latest_scheduler_heartbeat", "triggerer": "latest_triggerer_heartbeat", "dag_processor": "latest_dag_processor_heartbeat"}


class Airflow(system.System):
    name = "Airflow"
    version = VERSION
    kinds = {"process": "@task that passes"}
    settings = {}

    def __init__(self, folder):
        super().__init__(folder)
        packages = system.python_packages(PACKAGES)
        os.makedirs(os.path.join(folder, "dags"))
        shutil.copy(os.path.join(HERE, "airflow_dags.py"), os.path.join(folder, "dags"))
        self.database = os.path.join(folder, "postgres")
        host, port, _ = self._postgres("start", self.database).split()
        self.address = f"http://127.0.0.1:{system.free_port()}"
        self.environment = system.python_environment(
            packages, AIRFLOW_HOME=folder, AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__CORE__EXECUTOR="LocalExecutor",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True", AIRFLOW__API__HOST="127.0.0.1",
            AIRFLOW__API__PORT=self.address.rpartition(":")[2], AIRFLOW__API__BASE_URL=self.address,
            AIRFLOW__CORE__EXECUTION_API_SERVER_URL=self.address + "/execution/", AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"postgresql+psycopg2://ingot@{host}:{port}/ingot", **self.settings)

    def close(self):
        self._postgres("stop", self.database)

    def start(self):
        begun = time.time()
        self.launch(["airflow", "standalone"], self.environment, "airflow")
        self.wait_until(lambda: self._is_healthy_since(begun), 300)
        self.authorization = {"Authorization": "Bearer " + system.ask(self.address + "/auth/token")["access_token"]}
        self.wait_until(lambda: all(self._ask(f"/dags/{name}") for name in ("chain", "side")), 300)

    def run(self, shape, kind):
        asked = time.time()
        run = f"/dags/{shape}/dagRuns/" + self._ask(f"/dags/{shape}/dagRuns", {"logical_date": None})["dag_run_id"]
        ended = self.wait_until(lambda: self._ended(run), 600, 0.25)
        tasks = self._ask(run + "/taskInstances?limit=200")["task_instances"]
        if ended["state"] != "success" or len(tasks) != {"chain": system.CHAIN, "side": system.SIDE}[shape]:
            raise measure.Failed(f"Airflow: the run of {shape} is {ended['state']}: {self.logs()}")
        return system.Run(asked, system.seconds_of(ended["end_date"]),
                          [(system.seconds_of(task["start_date"]), system.seconds_of(task["end_date"])) for task in tasks])

    def _ask(self, path, body=None):
        return system.ask(self.address + "/api/v2" + path, body, self.authorization)

    def _is_healthy_since(self, begun):
        """What beat before counts for nothing: the database remembers the process before this one."""
        health = system.ask(self.address + "/api/v2/monitor/health")
        return all(health[part]["status"] == "healthy" and system.seconds_of(health[part][beat]) > begun for part, beat in PARTS.items())

    def _ended(self, run):
        found = self._ask(run)
        return found if found["state"] in ("success", "failed") else None

    @staticmethod
    def _postgres(*arguments):
        # What counts as done is on the disk, as with the other systems.
        found = subprocess.run([POSTGRES, *arguments], env={**os.environ, "PG_OPTIONS": "-c fsync=on"}, capture_output=True, text=True, check=False)
        if found.returncode == 77:
            raise system.Unavailable(found.stderr.strip())
        if found.returncode != 0:
            raise measure.Failed(found.stderr)
        return found.stdout


class RestlessAirflow(Airflow):
    name = "Airflow, idle sleep 0.01 s"
    settings = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.01"}
