"""Pipelines of tasks that do nothing, for Dagster: a process each, and all in the process of the run."""

import os

import dagster

CHAIN = int(os.environ["INGOT_BENCH_CHAIN"])
SIDE = int(os.environ["INGOT_BENCH_SIDE"])


def nothing(name, follows):
    @dagster.op(name=name, ins={"before": dagster.In(dagster.Nothing)} if follows else {}, out=dagster.Out(dagster.Nothing))
    def body():
        pass

    return body


def chain(kind, executor):
    ops = [nothing(f"chain_{kind}_{number}", number > 0) for number in range(CHAIN)]

    @dagster.job(name=f"chain_{kind}", executor_def=executor)
    def job():
        last = None
        for op in ops:
            last = op() if last is None else op(last)

    return job


def side(kind, executor):
    ops = [nothing(f"side_{kind}_{number}", False) for number in range(SIDE)]

    @dagster.job(name=f"side_{kind}", executor_def=executor)
    def job():
        for op in ops:
            op()

    return job


KINDS = {"process": dagster.multiprocess_executor, "inside": dagster.in_process_executor}
defs = dagster.Definitions(jobs=[make(kind, executor) for kind, executor in KINDS.items() for make in (chain, side)])
