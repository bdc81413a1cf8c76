#!/usr/bin/env python3
"""A project of 2,000 models: loading it, column lineage cold and cached, running every model, running again with nothing to do.

`ls` loads the project and its table dependencies. Column lineage is timed with an empty cache and with a filled one. All times
are of whole processes, start-up included."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate
import measure
import setting


def main():
    parser = setting.arguments(__doc__)
    parser.add_argument("--models", type=int, default=2000)
    options = setting.parse(parser)
    models = 50 if options.smoke else options.models
    work = setting.work_folder()
    project = os.path.join(work, "project")
    generate.generate(project, models)
    last = generate.name_of(models - 1)
    measure.say(f"A project of {models:,} models")

    figures = {}
    steps = {
        "load (ls)": (["ls"], None, options.repeat),
        "lineage, cold": (["lineage", last], lambda: forget(project), options.repeat),
        "lineage, cached": (["lineage", last], None, options.repeat),
        "run": (["run"], lambda: forget(project), max(1, options.repeat // 2)),
        "run, nothing new": (["run"], None, options.repeat),
    }
    for name, (arguments, before, repeat) in steps.items():
        costs = []
        for _ in range(repeat):
            if before:
                before()
            costs.append(measure.run([options.ingot, "-C", project, "--json"] + arguments))
        seconds = [cost["wall_s"] for cost in costs]
        peak = max(cost["peak_mib"] for cost in costs)
        measure.say(f"  {name:16} {measure.spread(seconds, digits=3)}, peak {peak:.0f} MiB")
        figures[name] = {"seconds": [round(value, 4) for value in seconds], "peak_mib": round(peak)}
    found = setting.csv_value(options, project, os.path.join(project, "lake"), f"select count(*) from {last}")
    if found != "1":
        raise SystemExit(f"bench: {last} has {found} rows, not 1")
    setting.record(options, "projects", {"models": models} | figures)


def forget(project):
    """Everything that a run or a lineage left behind."""
    shutil.rmtree(os.path.join(project, ".ingot"), ignore_errors=True)
    shutil.rmtree(os.path.join(project, "lake"), ignore_errors=True)


if __name__ == "__main__":
    main()
