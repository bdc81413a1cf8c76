import { expect, test } from "vitest";
import type { RunDetail } from "../../api/types";
import { axisTicks, ganttOf } from "./gantt_model";

const attempt = (number: number, started: string, ended: string | null) => ({
  attempt: number,
  state: ended ? "success" : "running",
  started,
  ended,
  message: "",
});

const run = {
  queued_at: "2026-11-21T10:00:00Z",
  started_at: "2026-11-21T10:00:01Z",
  ended_at: null,
  tasks: [
    { task: "waits", attempts: [] },
    { task: "second", attempts: [attempt(1, "2026-11-21T10:00:05Z", null)] },
    { task: "first", attempts: [attempt(1, "2026-11-21T10:00:02Z", "2026-11-21T10:00:05Z")] },
    { task: "waits_too", attempts: [] },
  ],
} as unknown as RunDetail;

test("tasks come by their first attempt; those that have none yet stay in order at the end", () => {
  const gantt = ganttOf(run, Date.parse("2026-11-21T10:00:20Z"));
  const names = gantt.rows.map((row) => row.task.task);
  expect(names).toEqual(["first", "second", "waits", "waits_too"]);
});

test("a task with copies has one bar over all of theirs, and the copies follow where it is open", () => {
  const mapped = {
    ...run,
    tasks: [
      { task: "late", attempts: [attempt(1, "2026-11-21T10:00:04Z", null)] },
      { task: "load", state: "expanded", note: "1 of 2 copies have ended", attempts: [] },
      {
        task: "load[0]",
        copy_of: "load",
        attempts: [attempt(1, "2026-11-21T10:00:02Z", "2026-11-21T10:00:03Z")],
      },
      { task: "load[1]", copy_of: "load", attempts: [attempt(1, "2026-11-21T10:00:05Z", null)] },
    ],
  } as unknown as RunDetail;
  const now = Date.parse("2026-11-21T10:00:20Z");
  const folded = ganttOf(mapped, now);
  expect(folded.rows.map((row) => row.task.task)).toEqual(["load", "late"]);
  expect(folded.rows[0]!.bars).toEqual([
    {
      state: "expanded",
      from: Date.parse("2026-11-21T10:00:02Z"),
      to: now,
      attempt: 0,
      message: "1 of 2 copies have ended",
    },
  ]);
  const names = ganttOf(mapped, now, new Set(["load"])).rows.map((row) => row.task.task);
  expect(names).toEqual(["load", "load[0]", "load[1]", "late"]);
});

test("what runs reaches to now, and all lies within the axis", () => {
  const now = Date.parse("2026-11-21T10:00:20Z");
  const gantt = ganttOf(run, now);
  expect(gantt.rows[1]!.bars[0]!.to).toBe(now);
  expect(gantt.from).toBe(Date.parse("2026-11-21T10:00:01Z"));
  expect(gantt.to).toBe(now);
});

test("a clock that is behind the start gives no bar of negative length", () => {
  const gantt = ganttOf(run, Date.parse("2026-11-21T09:00:00Z"));
  for (const bar of gantt.rows.flatMap((row) => row.bars))
    expect(bar.to).toBeGreaterThanOrEqual(bar.from);
  expect(gantt.to).toBeGreaterThan(gantt.from);
});

test("the axis has few round steps", () => {
  expect(axisTicks(31_000, 6)).toEqual([0, 10_000, 20_000, 30_000]);
  expect(axisTicks(400 * 86_400_000, 6).length).toBeLessThanOrEqual(7);
});
