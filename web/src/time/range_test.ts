import { expect, test } from "vitest";
import { lastWindow, readRange, readUtcField } from "./range";

test("fields are read as UTC", () => {
  expect(readUtcField("2026-11-21 16:00")).toBe("2026-11-21T16:00:00Z");
  expect(readUtcField(" 2026-11-21T16:00:30Z ")).toBe("2026-11-21T16:00:30Z");
  expect(readUtcField("2026-11-21")).toBe("2026-11-21T00:00:00Z");
});

test("a day that does not exist is no time", () => {
  for (const text of ["2026-11-31", "2026-02-29 10:00", "11/21/2026", "16:00", "2026-11-21 25:00"])
    expect(readUtcField(text)).toBeNull();
});

test("a range needs both ends in their order", () => {
  expect(readRange("", " ")).toBe("empty");
  expect(readRange("2026-11-21", "")).toHaveProperty("error");
  expect(readRange("2026-11-21", "2026-11-20")).toHaveProperty("error");
  expect(readRange("2026-11-20", "2026-11-21 06:00")).toEqual({
    start: "2026-11-20T00:00:00Z",
    end: "2026-11-21T06:00:00Z",
  });
});

test("the window that closed last", () => {
  const now = Date.parse("2026-11-21T16:20:00Z");
  expect(lastWindow("hour", now)).toEqual({ from: "2026-11-21 15:00", to: "2026-11-21 16:00" });
  expect(lastWindow("day", now)).toEqual({ from: "2026-11-20 00:00", to: "2026-11-21 00:00" });
  expect(lastWindow("month", now)).toBeNull();
});
