import { expect, test } from "vitest";
import { lineLevel, LogLines } from "./log_lines";

test("lines are whole whatever the pieces", () => {
  const log = new LogLines();
  for (const piece of ["on", "e\ntw", "o\r\n", "thr"]) log.append(piece);
  expect([0, 1, 2].map((index) => log.line(index))).toEqual(["one", "two", "thr"]);
  expect(log.count).toBe(3);
  log.append("ee\n");
  expect(log.count).toBe(3);
  expect(log.line(2)).toBe("three");
});

test("a long log keeps its end and counts what it dropped", () => {
  const log = new LogLines(100);
  for (let line = 0; line < 1000; line++) log.append(`line ${line}\n`);
  expect(log.count).toBe(100);
  expect(log.dropped).toBe(900);
  expect(log.line(0)).toBe("line 900");
});

test("colours of a terminal and overwritten progress are not shown", () => {
  const log = new LogLines();
  log.append("\u001b[31mred\u001b[0m\n10%\r50%\r100%\n\u001b]0;title\u0007x\n");
  expect(log.lines).toEqual(["red", "100%", "x"]);
});

test("a line without an end does not fill the memory", () => {
  const log = new LogLines();
  for (let piece = 0; piece < 50; piece++) log.append("x".repeat(10_000));
  expect(log.line(0).length).toBeLessThanOrEqual(100_001);
});

test("the level of a line is told by its start", () => {
  expect(lineLevel("2026-11-21T10:00:00Z ERROR no")).toBe("error");
  expect(lineLevel("Traceback (most recent call last):")).toBe("error");
  expect(lineLevel("2026 WARN slow")).toBe("warn");
  expect(lineLevel("0 errors found")).toBe("");
});
