// Copies of a task for the items that another task gave: shown as one until somebody opens it.
import type { RunDetail, RunTask } from "../../api/types";

/** How many copies each task has that has some. */
export function copiesOf(tasks: readonly RunTask[]): ReadonlyMap<string, readonly RunTask[]> {
  const copies = new Map<string, RunTask[]>();
  for (const task of tasks) {
    if (!task.copy_of) continue;
    const known = copies.get(task.copy_of);
    if (known) known.push(task);
    else copies.set(task.copy_of, [task]);
  }
  return copies;
}

/** Each task, with its copies right after it where it is open. */
export function unfolded(tasks: readonly RunTask[], open: ReadonlySet<string>): RunTask[] {
  const copies = copiesOf(tasks);
  return tasks.flatMap((task) => {
    if (task.copy_of) return [];
    return open.has(task.task) ? [task, ...(copies.get(task.task) ?? [])] : [task];
  });
}

/** The tasks that do something: not those that stand for their copies, nor what was removed. */
export function countedTasks(run: RunDetail): RunTask[] {
  const copies = copiesOf(run.tasks);
  return run.tasks.filter((task) => {
    const stands = copies.get(task.task)?.some((copy) => copy.state !== "removed") ?? false;
    return !stands && task.state !== "removed";
  });
}

/** The item of a copy in a few words. */
export function itemText(item: unknown): string {
  return typeof item === "string" ? item : JSON.stringify(item);
}
