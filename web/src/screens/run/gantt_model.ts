import type { RunDetail, RunTask } from "../../api/types";

export interface Bar {
  state: string;
  from: number;
  to: number;
  attempt: number;
  message: string;
}

export interface GanttRow {
  task: RunTask;
  bars: Bar[];
}

export interface Gantt {
  rows: GanttRow[];
  from: number;
  to: number;
}

/** The attempts of a run on one line of time, tasks by the time of their first attempt. */
export function ganttOf(run: RunDetail, now: number): Gantt {
  const from = Date.parse(run.started_at ?? run.queued_at);
  let to = run.ended_at ? Date.parse(run.ended_at) : Math.max(now, from);
  const rows = run.tasks.map((task) => {
    const bars = task.attempts.map((attempt) => {
      const end = attempt.ended ? Date.parse(attempt.ended) : now;
      return {
        state: attempt.state,
        from: Date.parse(attempt.started),
        to: Math.max(end, Date.parse(attempt.started)),
        attempt: attempt.attempt,
        message: attempt.message,
      };
    });
    for (const bar of bars) to = Math.max(to, bar.to);
    return { task, bars };
  });
  const start = (row: GanttRow) => row.bars[0]?.from ?? Infinity;
  // Infinity - Infinity is not a number: rows that have not begun keep their order.
  rows.sort((a, b) => (start(a) === start(b) ? 0 : start(a) - start(b)));
  return { rows, from: Math.min(from, ...rows.map(start)), to: Math.max(to, from + 1) };
}

const kSteps = [
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000,
];

/** Round distances from the start for the lines of the axis: at most `max` of them. */
export function axisTicks(lengthMs: number, max: number): number[] {
  const step = kSteps.find((each) => lengthMs / each <= max) ?? Math.ceil(lengthMs / max);
  const ticks: number[] = [];
  for (let at = 0; at <= lengthMs && ticks.length <= max; at += step) ticks.push(at);
  return ticks;
}
