"""A real statsd_exporter (tests/components/statsd_exporter.sh)."""

import os
import re
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "statsd_exporter.sh")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StatsdExporter:
    """Raises unittest.SkipTest where none can be had. `mapping`: a file of mappings; none: names as they are sent."""

    def __init__(self, folder, mapping=None):
        have = subprocess.run([SCRIPT, "have"], capture_output=True, text=True, check=False)
        if have.returncode != 0:
            raise unittest.SkipTest(have.stderr.strip())
        self.port = free_port()
        self.page = f"http://127.0.0.1:{free_port()}/metrics"
        command = [SCRIPT, "run", "--web.listen-address", self.page.split("/")[2],
                   "--statsd.listen-udp", f"127.0.0.1:{self.port}", "--statsd.listen-tcp", ""]
        if mapping:
            command += ["--statsd.mapping-config", mapping]
        self.log = open(os.path.join(folder, f"statsd_exporter_{self.port}.log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.wait(lambda text: True)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def text(self):
        with urllib.request.urlopen(self.page, timeout=10) as answer:
            return answer.read().decode()

    def samples(self, name):
        """Labels and value of each sample of that name."""
        found = []
        for line in self.text().splitlines():
            match = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
            if match:
                found.append((dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")), float(match[2])))
        return found

    def wait(self, is_so, seconds=30):
        """Until the page says so; what it says then."""
        end = time.monotonic() + seconds
        while True:
            try:
                text = self.text()
                if is_so(text):
                    return text
            except (urllib.error.URLError, ConnectionError):
                text = "nobody answers"
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(text)
            time.sleep(0.05)
