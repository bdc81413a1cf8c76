import type { PipelineDetail, RunDetail, RunTask, TaskState } from "../../api/types";

/** The worst first: what a square that stands for several tasks shows. */
const kWorst: readonly TaskState[] = [
  "failed",
  "upstream_failed",
  "running",
  "expanded",
  "up_for_retry",
  "up_for_reschedule",
  "queued",
  "waiting",
  "cancelled",
  "skipped",
  "success",
  "removed",
];

export interface Cell {
  state: TaskState;
  tasks: RunTask[];
}

/** The square of a task definition in a run: one task, or all copies that an `each` made of it. */
export function cellOf(run: RunDetail, definition: string): Cell | null {
  const all = run.tasks.filter((task) => task.definition === definition);
  const copies = all.filter((task) => task.copy_of && task.state !== "removed");
  const tasks = copies.length > 0 ? copies : all;
  if (tasks.length === 0) return null;
  const state = kWorst.find((each) => tasks.some((task) => task.state === each)) ?? tasks[0]!.state;
  return { state, tasks };
}

/** The rows of a grid: tasks in the order in which they run, then those that only older runs had. */
export function gridRows(pipeline: PipelineDetail, runs: readonly RunDetail[]): string[] {
  const rows = orderTasks(pipeline);
  const known = new Set(rows);
  for (const run of runs) {
    for (const task of run.tasks) {
      if (known.has(task.definition)) continue;
      known.add(task.definition);
      rows.push(task.definition);
    }
  }
  return rows;
}

/** Tasks by depth, each after all that it waits for; otherwise as they are written. */
export function orderTasks(pipeline: PipelineDetail): string[] {
  const after = new Map(pipeline.tasks.map((task) => [task.task, task.after]));
  const done = new Set<string>();
  const order: string[] = [];
  const visit = (name: string) => {
    if (done.has(name) || !after.has(name)) return;
    done.add(name);
    for (const before of after.get(name)!) visit(before);
    order.push(name);
  };
  for (const task of pipeline.tasks) visit(task.task);
  return order;
}
