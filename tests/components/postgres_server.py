"""A real PostgreSQL in a temporary folder (tests/components/postgres.sh)."""

import csv
import io
import os
import signal
import subprocess
import time
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "postgres.sh")


class PostgresServer:
    """Raises unittest.SkipTest where none can be had."""

    def __init__(self, folder, options="", database="ingot"):
        self.folder = folder
        self.options = options
        self.database = database
        os.chmod(os.path.dirname(folder), 0o755)  # A test's own folder: the user that runs the server comes through it.
        self.start()

    def start(self):
        done = subprocess.run([SCRIPT, "start", self.folder], capture_output=True, text=True, check=False,
                              env={**os.environ, "PG_OPTIONS": self.options, "PG_DATABASE": self.database})
        if done.returncode == 77:
            raise unittest.SkipTest("PostgreSQL cannot be installed here: " + done.stderr.strip())
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        self.host, self.port, pid = done.stdout.split()
        self.pid = int(pid)

    def stop(self):
        subprocess.run([SCRIPT, "stop", self.folder], check=False)

    def kill(self):
        """All its processes, as a machine that loses its power does."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in [self.pid, *children]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # It went with the others.
        while not all(self._is_dead(pid) for pid in [self.pid, *children]):
            time.sleep(0.005)

    @staticmethod
    def _is_dead(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True

    def connection(self, name="warehouse"):
        """As project.yml has it."""
        return (f"connections: {{{name}: {{type: postgres, host: {self.host}, port: '{self.port}', "
                f"database: {self.database}, user: ingot}}}}\n")

    def client(self, *arguments):
        return [SCRIPT, "psql", self.folder, "-d", self.database, "-qX", "-v", "ON_ERROR_STOP=1", *arguments]

    def rows(self, sql):
        """Texts; NULL is `∅`."""
        done = subprocess.run(self.client("--csv", "-P", "null=∅", "-c", sql), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(sql + "\n" + done.stderr)
        return [tuple(row) for row in csv.reader(io.StringIO(done.stdout, newline=""))][1:]

    def value(self, sql):
        ((value,),) = self.rows(sql)
        return value

    def execute(self, sql):
        done = subprocess.run(self.client("-c", sql), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(sql + "\n" + done.stderr)
