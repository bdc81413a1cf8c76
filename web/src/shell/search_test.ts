import { expect, test } from "vitest";
import { matchScore, searchItems } from "./search";

const names = [
  "silver.push_events",
  "silver.events",
  "gold.events_by_hour",
  "Failed runs",
  "events",
];

test("the best answer comes first", () => {
  expect(searchItems("events", names, (name) => name, 10)[0]).toBe("events");
  expect(searchItems("silver.ev", names, (name) => name, 10)[0]).toBe("silver.events");
});

test("letters in order and words in any order are found", () => {
  expect(searchItems("slvpush", names, (name) => name, 10)).toEqual(["silver.push_events"]);
  expect(searchItems("runs fail", names, (name) => name, 10)).toEqual(["Failed runs"]);
  expect(matchScore("xyz", "silver.events")).toBe(0);
});

test("nothing typed shows the first ones", () => {
  expect(searchItems("", names, (name) => name, 2)).toEqual(names.slice(0, 2));
});
