"""Ingot as `ingot serve` runs it."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import system
from ingot_server import IngotServer

COMMAND = '{command: ["true"]'
QUERY = '{sensor: {sql: "SELECT 1"}'


class Ingot(system.System):
    name = "Ingot"
    kinds = {"process": 'command: ["true"]', "inside": 'sensor: {sql: "SELECT 1"}'}

    def __init__(self, folder, binary):
        super().__init__(folder)
        self.binary = binary
        self.version = measure.run([binary, "version"])["stdout"].split()[1]
        self.server = None
        os.makedirs(os.path.join(folder, "pipelines"))
        self._write("project.yml", "name: bench\nlake: ./lake\n")
        for kind, task in (("process", COMMAND), ("inside", QUERY)):
            self._write(f"pipelines/chain_{kind}.yml", pipeline(
                [f"t{number}: {task}" + (f", after: t{number - 1}}}" if number else "}") for number in range(system.CHAIN)]))
            self._write(f"pipelines/side_{kind}.yml", pipeline([f"t{number}: {task}}}" for number in range(system.SIDE)]))

    def start(self):
        self.server = IngotServer(self.binary, self.folder)
        self.processes = [self.server.process]

    def run(self, shape, kind):
        asked = time.time()
        run = self._ask(f"/pipelines/{shape}_{kind}/runs", {})["run_id"]
        ended = self._ask(f"/runs/{run}/wait?timeout_s=100")
        if ended["state"] != "success" or len(ended["tasks"]) != {"chain": system.CHAIN, "side": system.SIDE}[shape]:
            raise measure.Failed(f"Ingot: the run of {shape}_{kind} is {ended['state']}: {json.dumps(ended)[:2000]}")
        return system.Run(asked, system.seconds_of(ended["ended_at"]),
                          [(system.seconds_of(task["attempts"][0]["started"]), system.seconds_of(task["attempts"][0]["ended"]))
                           for task in ended["tasks"]])

    def _ask(self, path, body=None):
        return json.loads(self.server.get("/api/v1" + path, body))

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def pipeline(tasks):
    return "tasks:\n" + "".join(f"  {task}\n" for task in tasks)
