import { expect, test } from "vitest";
import type { TableSummary } from "../../api/types";
import { groupByLayer, lineageOf, tableHealth } from "./layers";

const table = (name: string, change: Partial<TableSummary> = {}) =>
  ({
    table: name,
    layer: name.split(".")[0]!,
    kind: "table",
    version: 3,
    checks: null,
    freshness: null,
    inputs: [],
    problem: "",
    ...change,
  }) as unknown as TableSummary;

test("layers of a medallion come in its order, others after them", () => {
  const layers = groupByLayer(
    ["gold.a", "work.b", "bronze.c", "silver.d", "audit.e"].map((n) => table(n)),
  );
  expect(layers.map((layer) => layer.name)).toEqual(["bronze", "silver", "gold", "audit", "work"]);
});

test("a failed check is told before anything else", () => {
  const checks = { passed: 3, failed: 1, warned: 2 };
  const fresh = { state: "fresh", at: null } as const;
  expect(tableHealth(table("a.b", { checks, freshness: fresh }))).toEqual({
    state: "error",
    why: "1 check failed",
  });
  expect(
    tableHealth(table("a.b", { checks: { ...checks, failed: 0 }, freshness: fresh })).state,
  ).toBe("warn");
  expect(tableHealth(table("a.b", { freshness: fresh })).state).toBe("fresh");
  expect(tableHealth(table("a.b", { version: null })).why).toBe("never written");
  expect(tableHealth(table("a.b", { checks: { passed: 2, failed: 0, warned: 0 } })).why).toBe(
    "checks pass",
  );
  expect(tableHealth(table("a.b", { problem: "gone", freshness: fresh })).state).toBe("error");
});

test("lineage goes both ways, but not to the siblings", () => {
  const tables = [
    table("b.in"),
    table("s.mid", { inputs: ["b.in"] }),
    table("s.sibling", { inputs: ["b.in"] }),
    table("g.out", { inputs: ["s.mid"] }),
  ];
  expect([...lineageOf("s.mid", tables)].sort()).toEqual(["b.in", "g.out", "s.mid"]);
});
