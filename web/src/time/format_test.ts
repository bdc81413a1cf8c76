import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  formatWindow,
} from "./format";

test("lengths are told in the two largest units", () => {
  expect(formatDuration(430)).toBe("430 ms");
  expect(formatDuration(12_440)).toBe("12.4 s");
  expect(formatDuration(59_990)).toBe("1 min 00 s");
  expect(formatDuration(185_000)).toBe("3 min 05 s");
  expect(formatDuration(7_800_000)).toBe("2 h 10 min");
  expect(formatDuration(273_600_000)).toBe("3 d 4 h");
  expect(formatDuration(-5)).toBe("0 ms");
  expect(formatDuration(NaN)).toBe("–");
});

test("ages look back and ahead", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(formatAge("2026-11-21T11:57:00Z", now)).toBe("3 min ago");
  expect(formatAge("2026-11-21T14:00:00Z", now)).toBe("in 2 h");
  expect(formatAge("2026-11-21T11:59:58Z", now)).toBe("now");
  expect(formatAge("2026-11-01T12:00:00Z", now)).toBe("20 d ago");
  expect(formatAge("soon", now)).toBe("soon");
});

test("numbers keep three digits and never show a thousand of a unit", () => {
  expect(formatCount(950)).toBe("950");
  expect(formatCount(999_950)).toBe("1.00 M");
  expect(formatCount(12_440)).toBe("12.4 k");
  expect(formatBytes(1_234_567)).toBe("1.23 MB");
  expect(formatBytes(0)).toBe("0 B");
  expect(formatCount(-12_440)).toBe("-12.4 k");
});

test("windows are told as the hour or day that they are", () => {
  const window = (start: string, end: string) => formatWindow({ start, end }, "UTC");
  expect(window("2026-11-21T16:00:00Z", "2026-11-21T17:00:00Z")).toBe("2026-11-21 16:00–17:00");
  expect(window("2026-11-21T23:00:00Z", "2026-11-22T00:00:00Z")).toBe("2026-11-21 23:00–00:00");
  expect(window("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")).toBe("2026-11-21");
  expect(window("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("2026-11-01 to 2026-11-20");
  expect(window("2026-11-21T16:00:00Z", "2026-11-22T04:00:00Z")).toBe(
    "2026-11-21 16:00 to 2026-11-22 04:00",
  );
  expect(formatWindow(null, "UTC")).toBe("");
});

test("a time that is none is shown as it is", () => {
  expect(formatTime("2026-11-21T05:04:03Z", "UTC")).toBe("2026-11-21 05:04:03");
  expect(formatTime("never", "UTC")).toBe("never");
});
