"""Pipelines of tasks that do nothing, for Prefect; run, this file serves them."""

import os

from prefect import flow, serve, task

CHAIN = int(os.environ["INGOT_BENCH_CHAIN"])
SIDE = int(os.environ["INGOT_BENCH_SIDE"])


@task
def nothing():
    pass


@flow
def chain():
    for _ in range(CHAIN):
        nothing()


@flow
def side():
    for future in [nothing.submit() for _ in range(SIDE)]:
        future.result()


if __name__ == "__main__":
    serve(chain.to_deployment(name="bench"), side.to_deployment(name="bench"))
