import { expect, test } from "vitest";
import type { PipelineDetail, RunDetail, RunTask } from "../../api/types";
import { cellOf, gridRows } from "./grid_model";

const task = (name: string, definition: string, state: RunTask["state"]) =>
  ({ task: name, definition, state }) as RunTask;
const run = (...tasks: RunTask[]) => ({ tasks }) as RunDetail;
const pipeline = (tasks: [string, string[]][]) =>
  ({ tasks: tasks.map(([name, after]) => ({ task: name, after })) }) as unknown as PipelineDetail;

test("rows come in the order of the work, then those of older definitions", () => {
  const now = pipeline([
    ["check", ["build"]],
    ["build", ["load"]],
    ["load", []],
  ]);
  const old = run(task("load", "load", "success"), task("gone", "gone", "success"));
  expect(gridRows(now, [old])).toEqual(["load", "build", "check", "gone"]);
});

test("a square of many tasks shows the worst of them", () => {
  const many = run(
    task("each[1]", "each", "success"),
    task("each[2]", "each", "failed"),
    task("each[3]", "each", "running"),
  );
  expect(cellOf(many, "each")).toMatchObject({ state: "failed" });
  expect(cellOf(many, "each")!.tasks).toHaveLength(3);
  expect(cellOf(many, "other")).toBeNull();
});
