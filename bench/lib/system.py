"""A system that runs pipelines, as the benchmarks see it: its processes, and what its own record says of a run."""

import contextlib
import dataclasses
import datetime
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import measure

# Pipelines of tasks that do nothing. Definitions read them from the environment.
CHAIN = 40
SIDE = 100


class Unavailable(Exception):
    """The system cannot be had on this machine; the text says why."""


@dataclasses.dataclass
class Run:
    """Seconds since 1970, all of one clock. Spans are start and end of each task, as the system records them."""

    asked: float
    ended: float
    spans: list

    def whole_s(self):
        return self.ended - self.asked

    def first_start_s(self):
        return min(begin for begin, _ in self.spans) - self.asked

    def tasks_s(self):
        return max(end for _, end in self.spans) - min(begin for begin, _ in self.spans)

    def steps_ms(self):
        """From the start of a task to that of the next, of a chain: the task itself, and all that is done between two."""
        starts = sorted(begin for begin, _ in self.spans)
        return [(after - before) * 1000 for before, after in zip(starts, starts[1:])]


class System:
    """One that is started anew for each figure. `folder` is its own; what it keeps there stays between starts."""

    name = ""
    version = ""
    # What a task is, by the name that `run` knows it under.
    kinds = {}

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def start(self):
        """Returns once a run that is asked for would be taken in and begun."""
        raise NotImplementedError

    def run(self, shape, kind):
        """Asks for a run of `chain` or `side`, and waits until it is over. Anything but success is Failed."""
        raise NotImplementedError

    def stop(self):
        for process in reversed(self.processes):
            end_tree(process)
        self.processes = []

    # -- for those that are one

    def launch(self, command, environment, name):
        with open(os.path.join(self.folder, name + ".log"), "ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    def wait_until(self, condition, seconds, pause=0.02):
        """What the condition gives, once that is true. A server that cannot be asked yet is waited for."""
        until = time.monotonic() + seconds
        problem = ""
        while time.monotonic() < until:
            ended = [process for process in self.processes if process.poll() is not None]
            if ended:
                raise measure.Failed(f"{self.name}: {ended[0].args[0]} ended with {ended[0].returncode}: {self.logs()}")
            try:
                found = condition()
                if found:
                    return found
            except (OSError, ValueError, KeyError, TypeError) as error:  # It is just starting.
                problem = repr(error)
            time.sleep(pause)
        raise measure.Failed(f"{self.name}: nothing after {seconds} s; {problem}\n{self.logs()}")

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as log:
                    text += f"\n{name}: {log.read()[-2000:]}"
        return text


def python_packages(packages):
    """The folder in which they are, installed when they are not yet; outside the project."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers", "with_packages.sh")
    found = subprocess.run([script, packages, "-c", "import os; print(os.environ['PYTHONPATH'])"], capture_output=True, text=True, check=False)
    if found.returncode == 77:
        raise Unavailable(found.stderr.strip().splitlines()[-1])
    if found.returncode != 0:
        raise measure.Failed(found.stderr)
    return found.stdout.strip()


def python_environment(packages_folder, **more):
    return {**os.environ, "PYTHONPATH": packages_folder, "PATH": os.path.join(packages_folder, "bin") + os.pathsep + os.environ["PATH"],
            "INGOT_BENCH_CHAIN": str(CHAIN), "INGOT_BENCH_SIDE": str(SIDE), **more}


def free_port():
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url, body=None, headers=None):
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return json.loads(text) if answer.headers.get_content_type() == "application/json" else text.decode()
    except urllib.error.HTTPError as error:
        with error:
            raise OSError(f"{url}: {error.code}: {error.read()[:2000]!r}") from None


def seconds_of(text):
    """Of a time such as 2020-01-01T00:00:00.5Z."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def end_tree(process):
    """The process is asked to end; what is left of all that it started is killed."""
    pids = measure.processes([process.pid])
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if pid != process.pid:
                os.kill(pid, signal.SIGKILL)
