"""Reads the models of a project folder as plain text, for peers that run the same SQL without Ingot."""

import glob
import os
import re

FRONT_MATTER = re.compile(r"/\*\s*---\n(.*?)\n---\s*\*/\s*(.*)", re.S)


class Model:
    def __init__(self, root, path):
        relative = os.path.relpath(path, os.path.join(root, "models"))
        self.layer, self.table = os.path.splitext(relative)[0].split(os.sep)
        self.name = f"{self.layer}.{self.table}"
        with open(path, encoding="utf-8") as file:
            match = FRONT_MATTER.match(file.read())
        if match is None:
            raise ValueError(f"{path}: no front matter")
        self.sql = match.group(2)
        self.kind = re.search(r"^kind: (\w+)$", match.group(1), re.M).group(1)
        partition = re.search(r"^partition: \[(.*)\]$", match.group(1), re.M)
        self.partition = [] if partition is None else [name.strip() for name in partition.group(1).split(",")]

    def inputs(self, names):
        return [n for n in names if n != self.name and re.search(rf"\b{re.escape(n)}\b", self.sql)]

    def bound_sql(self, values):
        """The SELECT with `$window.start` and the like replaced by literals."""
        sql = self.sql
        for name, literal in values.items():
            sql = sql.replace("$" + name, literal)
        return sql


def load_models(root):
    """The models of a project, each after its inputs."""
    paths = sorted(glob.glob(os.path.join(root, "models", "*", "*.sql")))
    waiting = {model.name: model for model in (Model(root, path) for path in paths)}
    names, ordered = list(waiting), []
    while waiting:
        ready = [model for model in waiting.values() if not any(name in waiting for name in model.inputs(names))]
        if not ready:
            raise ValueError(f"the models {sorted(waiting)} depend on each other")
        for model in ready:
            ordered.append(waiting.pop(model.name))
    return ordered


def window_values(start, end):
    return {"window.start": f"TIMESTAMPTZ '{start}'", "window.end": f"TIMESTAMPTZ '{end}'"}
