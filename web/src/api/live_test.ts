import { expect, test } from "vitest";
import { readLiveEvent, topicsOf } from "./live";

test("a task touches its run and its pipeline, and no list", () => {
  const topics = topicsOf({ kind: "task", run_id: "r1", pipeline: "p", task: "t" });
  expect([...topics].sort()).toEqual(["pipeline:p", "run:r1"]);
});

test("a run touches the lists that show runs", () => {
  const topics = topicsOf({ kind: "run", run_id: "r1", pipeline: "p" });
  for (const topic of ["run:r1", "pipeline:p", "runs", "pipelines"])
    expect(topics).toContain(topic);
});

test("a reset and a changed project touch everything", () => {
  expect(topicsOf({ kind: "reset" })).toContain("*");
  expect(topicsOf({ kind: "project" })).toContain("*");
});

test("an event that cannot be read may have meant anything", () => {
  expect(readLiveEvent({ id: "1", event: "run", data: "{half" })).toEqual({ kind: "reset" });
  expect(readLiveEvent({ id: "1", event: "run", data: '{"run_id":"r"}' })).toEqual({
    kind: "run",
    run_id: "r",
  });
});
