import { expect, test } from "vitest";
import { observeServerTime, serverNow } from "./clock";

test("a clock that is off by more than two seconds is corrected", () => {
  const local = Date.parse("2026-11-21T12:00:00Z");
  observeServerTime("Sat, 21 Nov 2026 12:05:00 GMT", local);
  expect(Math.abs(serverNow() - Date.now() - 300_500)).toBeLessThan(50);
  observeServerTime("Sat, 21 Nov 2026 12:00:01 GMT", local);
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50);
  observeServerTime("not a date", local);
  observeServerTime(null, local);
  expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50);
});
