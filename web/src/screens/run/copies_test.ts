import { expect, test } from "vitest";
import type { RunDetail, RunTask } from "../../api/types";
import { countedTasks, itemText, unfolded } from "./copies";

const task = (name: string, state = "success", copyOf: string | null = null) =>
  ({ task: name, state, copy_of: copyOf }) as RunTask;

const tasks = [
  task("list"),
  task("load", "expanded"),
  task("tell", "waiting"),
  task("load[0]", "success", "load"),
  task("load[1]", "running", "load"),
  task("load[2]", "removed", "load"),
];
const names = (shown: readonly RunTask[]) => shown.map((each) => each.task);

test("copies are folded into their task until it is opened, and then stand right after it", () => {
  expect(names(unfolded(tasks, new Set()))).toEqual(["list", "load", "tell"]);
  expect(names(unfolded(tasks, new Set(["load"])))).toEqual([
    "list",
    "load",
    "load[0]",
    "load[1]",
    "load[2]",
    "tell",
  ]);
});

test("what counts as a task are the copies, not what stands for them, nor what was removed", () => {
  const run = { tasks } as unknown as RunDetail;
  expect(names(countedTasks(run))).toEqual(["list", "tell", "load[0]", "load[1]"]);
});

test("an item that is no text is shown as JSON", () => {
  expect(itemText("a.csv")).toBe("a.csv");
  expect(itemText({ id: 7 })).toBe('{"id":7}');
});
