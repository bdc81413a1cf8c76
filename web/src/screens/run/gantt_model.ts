import type { RunDetail, RunTask } from "../../api/types";
import { copiesOf } from "./copies";

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

/**
 * The attempts of a run on one line of time, tasks by the time of their first attempt. A task with copies has one bar
 * over all of theirs; the copies follow where it is open.
 */
export function ganttOf(run: RunDetail, now: number, open: ReadonlySet<string> = new Set()): Gantt {
  const from = Date.parse(run.started_at ?? run.queued_at);
  let to = run.ended_at ? Date.parse(run.ended_at) : Math.max(now, from);
  const copies = copiesOf(run.tasks);
  const planned = run.tasks.filter((task) => !task.copy_of);
  const rows = planned.map((task): GanttRow => {
    const bars = barsOf(task, now);
    const spanned = (copies.get(task.task) ?? []).flatMap((copy) => barsOf(copy, now));
    if (spanned.length > 0) bars.push(spanOf(task, spanned));
    for (const bar of bars) to = Math.max(to, bar.to);
    return { task, bars };
  });
  const start = (row: GanttRow) => row.bars[0]?.from ?? Infinity;
  // Infinity - Infinity is not a number: rows that have not begun keep their order.
  rows.sort((a, b) => (start(a) === start(b) ? 0 : start(a) - start(b)));
  const shown = rows.flatMap((row) => {
    if (!open.has(row.task.task)) return [row];
    const own = copies.get(row.task.task) ?? [];
    return [row, ...own.map((task) => ({ task, bars: barsOf(task, now) }))];
  });
  return {
    rows: shown,
    from: Math.min(from, ...rows.map(start)),
    to: Math.max(to, from + 1),
  };
}

function barsOf(task: RunTask, now: number): Bar[] {
  return task.attempts.map((attempt) => {
    const end = attempt.ended ? Date.parse(attempt.ended) : now;
    return {
      state: attempt.state,
      from: Date.parse(attempt.started),
      to: Math.max(end, Date.parse(attempt.started)),
      attempt: attempt.attempt,
      message: attempt.message,
    };
  });
}

/** From the first bar of the copies to the last. */
function spanOf(task: RunTask, bars: readonly Bar[]): Bar {
  return {
    state: task.state,
    from: bars.reduce((least, bar) => Math.min(least, bar.from), Infinity),
    to: bars.reduce((most, bar) => Math.max(most, bar.to), 0),
    attempt: 0,
    message: task.note,
  };
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
