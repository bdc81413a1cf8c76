"""A project under `ingot serve`, and a client of its API."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from project_case import ProjectCase


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status = status
        self.problem = problem


class Server:
    """One process of `ingot serve`."""

    def __init__(self, ingot, project, *arguments, environment=None):
        self.log = os.path.join(project, "serve.log")
        starts = self._addresses()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [ingot, "-C", project, "serve", "--listen", "127.0.0.1:0", *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        self.address = self._wait_for_address(len(starts))

    def _wait_for_address(self, starts):
        end = time.time() + 60
        while time.time() < end:
            found = self._addresses()
            if len(found) > starts:
                return found[-1]
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.text()}")
            time.sleep(0.005)
        raise AssertionError("the server does not listen: " + self.text())

    def _addresses(self):
        return re.findall(r"ingot serve: (http\S+)", self.text())

    def text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def request(self, method, path, body=None, headers=None, timeout=60):
        """Status, headers and bytes, whatever the status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json", **(headers or {})},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read()

    def call(self, method, path, body=None, **headers):
        status, _, answer = self.request(method, "/api/v1" + path, body, headers)
        value = json.loads(answer) if answer else None
        if status >= 400:
            raise Refused(status, value)
        return value

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def start_run(self, pipeline, **request):
        return self.post(f"/pipelines/{pipeline}/runs", request)["run_id"]

    def wait_for_run(self, run, timeout=60):
        end = time.time() + timeout
        while time.time() < end:
            found = self.get(f"/runs/{run}/wait?timeout_s=5")
            if found["ended_at"]:
                return found
        raise AssertionError(f"run {run} does not end: {json.dumps(found, indent=1)}\n{self.text()}")

    def runs(self, **filters):
        query = urllib.parse.urlencode({"limit": 500, **filters})
        return self.get(f"/runs?{query}")["items"]

    def log_of(self, run, task, attempt=1):
        _, _, text = self.request("GET", f"/api/v1/runs/{run}/tasks/{urllib.parse.quote(task)}/attempts/{attempt}/log")
        return text.decode()

    def stop(self, how=signal.SIGTERM):
        """The exit code, once it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=90)


class ServerCase(ProjectCase):
    def serve(self, *arguments):
        server = Server(self.ingot, self.project, *arguments, environment=self.environment)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server

    def pipeline(self, text, name="p"):
        self.write(f"pipelines/{name}.yml", text)

    def lines(self, name):
        path = os.path.join(self.project, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return file.read().split("\n")[:-1]

    def wait_for(self, condition, what, timeout=60):
        end = time.time() + timeout
        while True:
            found = condition()
            if found:
                return found
            self.assertLess(time.time(), end, what)
            time.sleep(0.02)
