import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { QueryCache } from "./query";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function countingCache() {
  const cache = new QueryCache(() => Date.now());
  let calls = 0;
  const fetch = async () => ++calls;
  return { cache, fetch, calls: () => calls };
}

test("what is subscribed to is fetched once and again when a topic changes", async () => {
  const { cache, fetch } = countingCache();
  cache.entry("k", fetch, ["runs"]);
  cache.subscribe("k", () => {});
  await vi.advanceTimersByTimeAsync(0);
  expect(cache.entry("k", fetch, ["runs"]).data).toBe(1);
  cache.changed(new Set(["tables"]));
  await vi.advanceTimersByTimeAsync(1000);
  expect(cache.entry("k", fetch, ["runs"]).data).toBe(1);
  cache.changed(new Set(["runs"]));
  await vi.advanceTimersByTimeAsync(1000);
  expect(cache.entry("k", fetch, ["runs"]).data).toBe(2);
});

test("a storm of events makes few requests", async () => {
  const { cache, fetch, calls } = countingCache();
  cache.entry("k", fetch, ["runs"]);
  cache.subscribe("k", () => {});
  for (let event = 0; event < 1000; event++) {
    cache.changed(new Set(["runs"]));
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls()).toBeLessThanOrEqual(5);
  expect(calls()).toBeGreaterThanOrEqual(3);
});

test("what takes long to answer is asked for less often, and its answer is not thrown away", async () => {
  const cache = new QueryCache(() => Date.now());
  let calls = 0;
  const fetch = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return ++calls;
  };
  cache.entry("k", fetch, ["runs"]);
  cache.subscribe("k", () => {});
  for (let event = 0; event < 400; event++) {
    await vi.advanceTimersByTimeAsync(50);
    cache.changed(new Set(["runs"]));
  }
  expect(calls).toBeGreaterThanOrEqual(4);
  expect(calls).toBeLessThanOrEqual(6);
});

test("what nobody looks at is only fetched again when somebody does", async () => {
  const { cache, fetch, calls } = countingCache();
  cache.entry("k", fetch, ["runs"]);
  const leave = cache.subscribe("k", () => {});
  await vi.advanceTimersByTimeAsync(0);
  leave();
  cache.changed(new Set(["runs"]));
  await vi.advanceTimersByTimeAsync(5000);
  expect(calls()).toBe(1);
  cache.subscribe("k", () => {});
  await vi.advanceTimersByTimeAsync(0);
  expect(calls()).toBe(2);
});

test("the last good answer stays beside a later error", async () => {
  const cache = new QueryCache(() => Date.now());
  let fail = false;
  const fetch = async () => {
    if (fail) throw new Error("gone");
    return "good";
  };
  cache.entry("k", fetch, ["*"]);
  cache.subscribe("k", () => {});
  await vi.advanceTimersByTimeAsync(0);
  fail = true;
  await cache.refetch("k");
  expect(cache.entry("k", fetch, [])).toMatchObject({ data: "good", error: new Error("gone") });
});

test("a slow answer does not overwrite the one asked for after it", async () => {
  const cache = new QueryCache(() => Date.now());
  const waits = [500, 10];
  let calls = 0;
  const fetch = async () => {
    const call = calls++;
    await new Promise((resolve) => setTimeout(resolve, waits[call]));
    return call;
  };
  cache.entry("k", fetch, []);
  cache.subscribe("k", () => {});
  void cache.refetch("k");
  await vi.advanceTimersByTimeAsync(1000);
  expect(cache.entry("k", fetch, []).data).toBe(1);
});

test("many keys do not pile up, and what is looked at is kept", async () => {
  const { cache, fetch } = countingCache();
  cache.entry("kept", fetch, []);
  cache.subscribe("kept", () => {});
  for (let key = 0; key < 1000; key++) {
    cache.entry(`k${key}`, fetch, []);
    cache.subscribe(`k${key}`, () => {})();
  }
  await vi.advanceTimersByTimeAsync(0);
  expect(cache.peek("kept")).toBeDefined();
  expect(cache.size).toBeLessThanOrEqual(201);
});
