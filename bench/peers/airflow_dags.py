"""Pipelines of tasks that do nothing, for Airflow."""

import os
from datetime import datetime

from airflow.sdk import DAG, task

CHAIN = int(os.environ["INGOT_BENCH_CHAIN"])
SIDE = int(os.environ["INGOT_BENCH_SIDE"])
COMMON = {"schedule": None, "start_date": datetime(2026, 1, 1), "is_paused_upon_creation": False}


def nothing(number):
    @task(task_id=f"t{number}")
    def body():
        pass

    return body()


with DAG("chain", **COMMON):
    last = None
    for each in range(CHAIN):
        this = nothing(each)
        if last is not None:
            last >> this
        last = this

with DAG("side", max_active_tasks=SIDE, **COMMON):
    for each in range(SIDE):
        nothing(each)
