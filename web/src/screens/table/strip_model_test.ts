import { expect, test } from "vitest";
import type { TableWindow, WindowState } from "../../api/types";
import { countStates, periodsOf, reachOf, stripOf } from "./strip_model";

function hours(day: string, states: Record<number, WindowState>): TableWindow[] {
  return Object.entries(states).map(([hour, state]) => {
    const start = Date.parse(`${day}T00:00:00Z`) + Number(hour) * 3_600_000;
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + 3_600_000).toISOString(),
      state,
    };
  });
}

test("hours lie in the row of their day, the newest day first", () => {
  const windows = [
    ...hours("2026-11-20", { 22: "done", 23: "done" }),
    ...hours("2026-11-21", { 0: "open" }),
  ];
  const strip = stripOf("hour", windows);
  expect(strip.rows.map((row) => row.title)).toEqual(["2026-11-21", "2026-11-20"]);
  expect(strip.rows[1]!.cells.map((cell) => cell.column)).toEqual([22, 23]);
  expect(strip.columns).toHaveLength(24);
});

test("days lie in the row of their month; other lengths fill rows", () => {
  const day = {
    start: "2026-11-20T00:00:00Z",
    end: "2026-11-21T00:00:00Z",
    state: "done",
  } as const;
  expect(stripOf("day", [day]).rows[0]).toMatchObject({
    title: "2026-11",
    cells: [{ column: 19 }],
  });
  const many = Array.from({ length: 30 }, (_, index) => ({
    ...day,
    start: new Date(index * 900_000).toISOString(),
  }));
  expect(stripOf("15m", many).rows.map((row) => row.cells.length)).toEqual([6, 24]);
});

test("a day of another zone lies where its middle is", () => {
  const day = {
    start: "2026-10-31T23:00:00Z",
    end: "2026-11-01T23:00:00Z",
    state: "done",
  } as const;
  expect(stripOf("day in Europe/Berlin", [day]).rows[0]).toMatchObject({
    title: "2026-11",
    cells: [{ column: 0 }],
  });
});

test("a strip never asks for more windows than are given at once", () => {
  const perDay = { hour: 24, day: 1, "15 minutes": 96 };
  for (const [kind, count] of Object.entries(perDay))
    for (const days of periodsOf(kind).days) expect(days * count).toBeLessThanOrEqual(2000);
  expect(periodsOf("day in Asia/Tokyo")).toEqual(periodsOf("day"));
});

test("a click takes all windows of the same state without a gap", () => {
  const windows = hours("2026-11-21", {
    1: "done",
    2: "missing",
    3: "missing",
    4: "missing",
    6: "missing",
  });
  expect(reachOf(windows, windows[2]!)).toEqual({
    start: "2026-11-21T02:00:00.000Z",
    end: "2026-11-21T05:00:00.000Z",
  });
  expect(reachOf(windows, windows[4]!)).toEqual({
    start: "2026-11-21T06:00:00.000Z",
    end: "2026-11-21T07:00:00.000Z",
  });
});

test("states are counted", () => {
  expect(countStates(hours("2026-11-21", { 1: "done", 2: "missing", 3: "done" }))).toEqual({
    done: 2,
    empty: 0,
    missing: 1,
    stale: 0,
    open: 0,
  });
});
