"""A flow whose tasks write down themselves that they were there, for Prefect; run, this file serves it."""

import os

from prefect import flow, task


@task
def tell(path):
    with open(path, "a", encoding="utf-8") as file:
        file.write("x\n")
        file.flush()
        os.fsync(file.fileno())


@flow
def kept(path: str, count: int):
    for _ in range(count):
        tell(path)


if __name__ == "__main__":
    kept.serve(name="bench")
