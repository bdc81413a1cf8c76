#!/usr/bin/env python3
"""`ingot serve`: until it is ready, what it takes when nothing happens, lists with a long history, and tasks per second of real runs."""

import contextlib
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import measure
import setting
from ingot_server import IngotServer

IDLE_SECONDS = 30
HISTORY = 100_000
MODELS = 10_000


@contextlib.contextmanager
def project(pipelines, models=0):
    with tempfile.TemporaryDirectory(dir=setting.work_folder()) as folder:
        os.makedirs(os.path.join(folder, "pipelines"))
        with open(os.path.join(folder, "project.yml"), "w", encoding="utf-8") as file:
            file.write("name: bench\nlake: ./lake\n")
        for name, text in pipelines.items():
            with open(os.path.join(folder, "pipelines", name + ".yml"), "w", encoding="utf-8") as file:
                file.write(text)
        for number in range(models):
            layer = os.path.join(folder, "models", f"layer{number // 1000}")
            os.makedirs(layer, exist_ok=True)
            with open(os.path.join(layer, f"m{number}.sql"), "w", encoding="utf-8") as file:
                above = f"layer{(number - 1) // 1000}.m{number - 1}"
                source = f"SELECT a FROM {above}" if number % 10 else "SELECT 1 AS a"
                file.write(f"/* ---\nkind: table\n--- */\n{source}\n")
        yield folder


HOURLY = "schedule: \"5 * * * *\"\ntasks: {a: {command: [\"true\"]}}\n"


def idle(options):
    seconds = 3 if options.smoke else IDLE_SECONDS
    with project({f"p{number}": HOURLY for number in range(20)}) as folder:
        server = IngotServer(options.ingot, folder)
        try:
            time.sleep(1)
            before = server.processor_s()
            time.sleep(seconds)
            share = (server.processor_s() - before) / seconds * 100
            return {"ready_ms": server.ready_s * 1000, "idle_mb": server.memory_mb(), "idle_percent": share}
        finally:
            server.stop()


def fill(store, count):
    """A history as real runs leave it: copies of one that ended, each with its own id and times."""
    database = sqlite3.connect(store)
    columns = [row[1] for row in database.execute("PRAGMA table_info(runs)") if row[1] not in ("no", "id")]
    names = ", ".join(columns)
    moved = ", ".join(f"{name} - :back" if name.endswith("_at") else name for name in columns)
    newest = database.execute("SELECT max(no) FROM runs").fetchone()[0]
    with database:
        for number in range(count):
            values = {"id": str(uuid.UUID(int=number)), "back": number * 60_000_000, "no": newest, "own": -number - 1}
            database.execute(f"INSERT INTO runs (no, id, {names}) SELECT :own, :id, {moved} FROM runs WHERE no = :no", values)
            database.execute("INSERT INTO events SELECT :own, seq, at - :back, name, body FROM events WHERE run = :no", values)
    database.close()


def lists(options):
    with project({f"p{number}": HOURLY for number in range(20)}) as folder:
        server = IngotServer(options.ingot, folder)
        run = json.loads(server.get("/api/v1/pipelines/p0/runs", {}))["run_id"]
        server.get(f"/api/v1/runs/{run}/wait")
        server.stop()
        fill(os.path.join(folder, ".ingot/state.db"), 1000 if options.smoke else HISTORY)
        server = IngotServer(options.ingot, folder)
        try:
            found = {"ready_ms_with_history": server.ready_s * 1000}
            page = json.loads(server.get("/api/v1/runs?limit=50"))
            paths = {"runs": "/api/v1/runs?limit=50", "runs_deep": f"/api/v1/runs?limit=50&after={page['next']}",
                     "runs_failed": "/api/v1/runs?limit=50&state=failed", "runs_of_pipeline": "/api/v1/runs?limit=50&pipeline=p0",
                     "pipelines": "/api/v1/pipelines?limit=50", "backfills": "/api/v1/backfills"}
            for name, path in paths.items():
                times = []
                for _ in range(20):
                    begun = time.perf_counter()
                    server.get(path)
                    times.append((time.perf_counter() - begun) * 1000)
                found[name + "_ms"] = statistics.median(times)
                found[name + "_ms_max"] = max(times)
            return found
        finally:
            server.stop()


def models(options):
    count = 200 if options.smoke else MODELS
    with project({}, count) as folder:
        begun = time.perf_counter()
        server = IngotServer(options.ingot, folder)
        try:
            return {"models": count, "ready_ms_with_models": (time.perf_counter() - begun) * 1000,
                    "mb_with_models": server.memory_mb()}
        finally:
            server.stop()


def main():
    options = setting.parse(setting.arguments(__doc__))
    measure.say("ingot serve")
    found = []
    for _ in range(options.repeat):
        found.append({**idle(options), **lists(options), **models(options)})
    for label, name, unit in (
        ("ready", "ready_ms", "ms"),
        ("idle, memory", "idle_mb", "MB"),
        ("idle, of one core", "idle_percent", "%"),
        (f"ready, {HISTORY:,} runs in history", "ready_ms_with_history", "ms"),
        ("runs, a page", "runs_ms", "ms"),
        ("runs, the next page", "runs_deep_ms", "ms"),
        ("runs that failed", "runs_failed_ms", "ms"),
        ("runs of a pipeline", "runs_of_pipeline_ms", "ms"),
        ("pipelines, a page", "pipelines_ms", "ms"),
        (f"ready, {MODELS:,} models", "ready_ms_with_models", "ms"),
        (f"memory, {MODELS:,} models", "mb_with_models", "MB"),
    ):
        measure.say(f"  {label:36} {measure.spread([each[name] for each in found], unit, 2)}")
    setting.record(options, "serve", found)


if __name__ == "__main__":
    main()
