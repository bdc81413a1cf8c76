import { expect, test } from "vitest";
import { cronInWords, scheduleInWords } from "./schedule_words";

test("crons that have plain words are told in them", () => {
  expect(cronInWords("5 * * * *")).toBe("hourly at minute 5");
  expect(cronInWords("*/15 * * * *")).toBe("every 15 minutes");
  expect(cronInWords("0 */6 * * *")).toBe("every 6 hours");
  expect(cronInWords("20 */6 * * *")).toBe("every 6 hours at minute 20");
  expect(cronInWords("30 2 * * mon-fri")).toBe("on weekdays at 02:30");
  expect(cronInWords("0 8,20 * * *")).toBe("daily at 08:00 and 20:00");
  expect(cronInWords("0 6 * * 1,4")).toBe("on Monday and Thursday at 06:00");
  expect(cronInWords("0 6 1 * *")).toBe("on day 1 of the month at 06:00");
  expect(cronInWords("@daily")).toBe("daily at 00:00");
});

test("crons that have none are shown as they are written", () => {
  for (const cron of ["0 6 1 * 1", "0 6 * 3 *", "1-5 * * * *", "0 6 * * mon-wed", "nonsense"])
    expect(cronInWords(cron)).toBeNull();
  const schedule = { kind: "cron", text: "0 6 * 3 *", timezone: "Asia/Tokyo" } as const;
  expect(scheduleInWords(schedule)).toBe("0 6 * 3 * (Asia/Tokyo)");
});

test("other schedules are told too", () => {
  const words = (kind: "every" | "tables" | "none" | "webhook" | "file", text: string) =>
    scheduleInWords({ kind, text, timezone: "UTC" });
  expect(words("every", "10m")).toBe("every 10m");
  expect(words("tables", "a.b & c.d")).toBe("when a.b & c.d change");
  expect(words("tables", "a.b")).toBe("when a.b changes");
  expect(scheduleInWords({ kind: "cron", text: "0 8,20 * * *, 5 * * * *", timezone: "" })).toBe(
    "daily at 08:00 and 20:00, and hourly at minute 5",
  );
  expect(words("none", "")).toBe("only when started by hand");
});
