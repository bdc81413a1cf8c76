"""Real pipelines of tasks that do nothing, in Ingot and, with --peers, in Airflow, Dagster and Prefect: one system after the other in each round."""

import contextlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "peers"))
import measure
import setting
import system
from airflow_system import Airflow, RestlessAirflow
from dagster_system import Dagster
from ingot_system import Ingot
from prefect_system import Prefect

SETTLE_SECONDS = 15
IDLE_SECONDS = 20
KIND_LABELS = {"process": "a process each", "inside": "inside"}


def compare(options):
    """Figures of each system by name: its version, and a list of one document per round."""
    if options.smoke:
        system.CHAIN, system.SIDE = 3, 4
    found = {}
    for number in range(options.repeat):
        for make in makers(options):
            if make.name in found and "unavailable" in found[make.name]:
                continue
            entry = found.setdefault(make.name, {"version": "", "kinds": make.kinds, "rounds": []})
            progress = f"{make.name}, round {number + 1} of {options.repeat}: "
            try:
                entry["version"], figures = one_round(options, make, lambda what, about=progress: measure.warn(about + what))
                entry["rounds"].append(figures)
            except system.Unavailable as error:
                entry["unavailable"] = str(error)
                measure.warn(f"{make.name} is left out: {error}")
    return {name: entry for name, entry in found.items() if "unavailable" not in entry}


def makers(options):
    """Ingot is always one of them."""
    return [Ingot] + ([Prefect, Dagster, Airflow, RestlessAirflow] if options.peers else [])


def one_round(options, make, tell):
    """The version, and the figures: a first start in an empty folder, a second one, what it takes while nothing happens, a run of each."""
    folder = setting.work_folder()
    os.chmod(folder, 0o755)  # A database may run as another user.
    with contextlib.ExitStack() as stack:
        one = make(folder, options.ingot) if make is Ingot else make(folder)
        stack.callback(getattr(one, "close", lambda: None))
        stack.callback(one.stop)
        tell("starts")
        figures = {"first_ready_s": timed(one.start)}
        one.stop()
        figures["ready_s"] = timed(one.start)
        tell("nothing happens")
        figures.update(idle(one, 1 if options.smoke else SETTLE_SECONDS, 1 if options.smoke else IDLE_SECONDS))
        tell("runs")
        busy, own, begun = measure.machine_busy_s(), processor_s(one), time.monotonic()
        for kind in make.kinds:
            chain = one.run("chain", kind)
            side = one.run("side", kind)
            figures[kind] = {
                "chain_s": chain.whole_s(), "chain_tasks_s": chain.tasks_s(), "chain_first_start_s": chain.first_start_s(),
                "step_ms_p50": measure.percentile(chain.steps_ms(), 50), "step_ms_p99": measure.percentile(chain.steps_ms(), 99),
                "side_s": side.whole_s(), "side_tasks_s": side.tasks_s(),
            }
        others = (measure.machine_busy_s() - busy) - (processor_s(one) - own)
        figures["others_cores"] = max(0.0, others) / (time.monotonic() - begun)
        figures["after_mb"] = memory_mb(one)
        return one.version, figures


def timed(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def idle(one, settle, seconds):
    time.sleep(settle)
    before = processor_s(one)
    time.sleep(seconds)
    return {"idle_percent": (processor_s(one) - before) / seconds * 100, "idle_mb": memory_mb(one)}


def processor_s(one):
    return measure.processor_s([process.pid for process in one.processes])


def memory_mb(one):
    return measure.proportional_mb([process.pid for process in one.processes])


# What is shown: label, the figure of a round, unit, digits. Of a kind of task the figure is looked for in that kind.
STARTS = (
    ("ready, first start", "first_ready_s", "s", 2),
    ("ready, next start", "ready_s", "s", 2),
    ("idle, memory", "idle_mb", "MB", 0),
    ("memory after the runs", "after_mb", "MB", 0),
    ("idle, of one core", "idle_percent", "%", 2),
)
RUNS = (
    ("chain: asked to done", "chain_s", "s", 2),
    ("chain: asked to first start", "chain_first_start_s", "s", 2),
    ("chain: first start to last end", "chain_tasks_s", "s", 3),
    ("chain: start to next start, p50", "step_ms_p50", "ms", 2),
    ("chain: start to next start, p99", "step_ms_p99", "ms", 2),
    ("side by side: asked to done", "side_s", "s", 2),
    ("side by side: first start to last end", "side_tasks_s", "s", 3),
)


def report(found):
    """Each system with the spread of its rounds, and how many times Ingot's median its smallest figure is, for the same kind of task: the comparison leans
    towards the others."""
    measure.say(f"Real pipelines of tasks that do nothing: a chain of {system.CHAIN}, {system.SIDE} side by side")
    ingot = found["Ingot"]["rounds"]
    for name, entry in found.items():
        rounds = entry["rounds"]
        others = max(each["others_cores"] for each in rounds)
        measure.say(f"  {name} {entry['version']}; others, and processes that it let go of, took up to {others:.2f} cores during its runs")
        for label, figure, unit, digits in STARTS:
            show("", label, [each[figure] for each in rounds], [each[figure] for each in ingot], unit, digits)
        for kind, task in entry["kinds"].items():
            measure.say(f"    {KIND_LABELS[kind]}: {task}")
            for label, figure, unit, digits in RUNS:
                show("  ", label, [each[kind][figure] for each in rounds], [each[kind][figure] for each in ingot], unit, digits)


def show(indent, label, values, ours, unit, digits):
    ratio = "" if values == ours else f"  {min(values) / max(measure.median(ours), 1e-9):,.1f}x"
    measure.say(f"    {indent}{label:{40 - len(indent)}} {measure.spread(values, unit, digits)}{ratio}")
