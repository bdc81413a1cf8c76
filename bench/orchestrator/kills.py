"""kill -9 of all that a system has at work, in the middle of a chain whose tasks write down themselves that they were there. Once it is there again: of how
many tasks that had ended does it not know that?"""

import contextlib
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "peers"))
import measure
import setting
import system
from ingot_system import Ingot, pipeline
from prefect_system import Prefect

TASKS = 400
KILL_SECONDS = 2.0
PATIENCE_SECONDS = 15


class KeptIngot(Ingot):
    def __init__(self, folder, options):
        super().__init__(folder, options.ingot)
        tell = f"echo x >> {truth_of(folder)} && sync {truth_of(folder)}"
        self._write("pipelines/kept.yml", pipeline(
            [f't{number}: {{command: [sh, "-c", "{tell}"]' + (f", after: t{number - 1}}}" if number else "}") for number in range(TASKS)]))

    def begin(self):
        return self._ask("/pipelines/kept/runs", {})["run_id"]

    def known(self, run, count):
        """Of the first so many tasks: it goes on with the run, and so knows of more and more."""
        states = {task["task"]: task["state"] for task in self._ask(f"/runs/{run}")["tasks"]}
        return sum(states[f"t{number}"] == "success" for number in range(count))


class KeptPrefect(Prefect):
    flows = "prefect_kept.py"

    def __init__(self, folder, options):
        super().__init__(folder)

    def begin(self):
        body = {"state": {"type": "SCHEDULED"}, "parameters": {"path": truth_of(self.folder), "count": TASKS}}
        return self._ask(f"/deployments/{self.deployments['kept']}/create_flow_run", body)["id"]

    def known(self, run, count):
        return self._ask("/task_runs/count", {"flow_runs": {"id": {"any_": [run]}}, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})


def compare(options):
    """By name: in each round how many tasks had ended, and how many of those it does not know of."""
    found = {}
    for number in range(options.repeat):
        for make in [KeptIngot] + ([KeptPrefect] if options.peers else []):
            measure.warn(f"{make.name}, kill {number + 1} of {options.repeat}")
            try:
                found.setdefault(make.name, []).append(one_round(make, options))
            except system.Unavailable as error:
                measure.warn(f"{make.name} is left out: {error}")
    return found


def one_round(make, options):
    folder = setting.work_folder()
    with contextlib.ExitStack() as stack:
        one = make(folder, options)
        stack.callback(one.stop)
        one.start()
        run = one.begin()
        one.wait_until(lambda: lines(folder), 60)
        time.sleep(KILL_SECONDS)
        for pid in measure.processes([process.pid for process in one.processes]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in one.processes:
            process.wait()
        time.sleep(1)  # A command that outlives its server ends in that time.
        ended = lines(folder) - 1  # The last one may have been killed after it wrote.
        one.processes = []
        one.start()
        until = time.monotonic() + PATIENCE_SECONDS
        while (known := min(ended, one.known(run, ended))) < ended and time.monotonic() < until:
            time.sleep(0.2)
        return {"ended": ended, "unknown": ended - known}


def truth_of(folder):
    return os.path.join(folder, "truth")


def lines(folder):
    if not os.path.exists(truth_of(folder)):
        return 0
    with open(truth_of(folder), encoding="utf-8") as file:
        return len(file.readlines())


def report(found):
    measure.say(f"kill -9 of everything, {KILL_SECONDS:.0f} s after the first task")
    for name, rounds in found.items():
        measure.say(f"  {name:8} does not know of {', '.join(str(each['unknown']) for each in rounds)} tasks, of {', '.join(str(each['ended']) for each in rounds)} that had ended")
