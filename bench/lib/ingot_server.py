"""`ingot serve` on a project, and a client of its API."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request


class IngotServer:
    """Began with this object, on a port that was free; `ready_s` is how long that took."""

    def __init__(self, ingot, project):
        begun = time.perf_counter()
        self.process = subprocess.Popen([ingot, "-C", project, "serve", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("ingot serve: "):
                self.address = line.split(" ")[2]
                break
        else:
            raise SystemExit("bench: the server did not start")
        self.get("/readyz")
        self.ready_s = time.perf_counter() - begun
        # A full pipe would stop the server.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def get(self, path, body=None):
        request = urllib.request.Request(self.address + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

    def processor_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
