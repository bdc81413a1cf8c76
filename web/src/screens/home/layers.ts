import type { TableSummary } from "../../api/types";

export interface Layer {
  name: string;
  tables: TableSummary[];
}

const kOrder = ["bronze", "silver", "gold"];

/** The layers from left to right: those of a medallion first, others after them by name. */
export function groupByLayer(tables: readonly TableSummary[]): Layer[] {
  const layers = new Map<string, TableSummary[]>();
  for (const table of tables) {
    const layer = layers.get(table.layer);
    if (layer) layer.push(table);
    else layers.set(table.layer, [table]);
  }
  const rank = (name: string) => {
    const at = kOrder.indexOf(name);
    return at < 0 ? kOrder.length : at;
  };
  return [...layers]
    .map(([name, members]) => ({ name, tables: members }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

export interface Health {
  state: "fresh" | "warn" | "error" | "unknown";
  why: string;
}

/** What a person should know about a table first: failed checks, then freshness. */
export function tableHealth(table: TableSummary): Health {
  if (table.problem !== "") return { state: "error", why: "cannot be read" };
  if (table.checks && table.checks.failed > 0) {
    const { failed } = table.checks;
    return { state: "error", why: `${failed} ${failed === 1 ? "check" : "checks"} failed` };
  }
  if (table.freshness?.state === "error") return { state: "error", why: "stale" };
  if (table.freshness?.state === "warn") return { state: "warn", why: "getting stale" };
  if (table.checks && table.checks.warned > 0) {
    const { warned } = table.checks;
    return { state: "warn", why: `${warned} ${warned === 1 ? "check warns" : "checks warn"}` };
  }
  if (table.freshness?.state === "fresh") return { state: "fresh", why: "fresh" };
  if (table.kind === "view") return { state: "unknown", why: "view" };
  if (table.version === null) return { state: "unknown", why: "never written" };
  if (table.checks && table.checks.passed > 0) return { state: "fresh", why: "checks pass" };
  return { state: "unknown", why: "not checked" };
}

/** A table, all that it is made of and all that is made of it. */
export function lineageOf(table: string, tables: readonly TableSummary[]): Set<string> {
  const inputs = new Map(tables.map((each) => [each.table, each.inputs]));
  const outputs = new Map<string, string[]>();
  for (const each of tables) {
    for (const input of each.inputs) {
      const known = outputs.get(input);
      if (known) known.push(each.table);
      else outputs.set(input, [each.table]);
    }
  }
  const reached = new Set([table]);
  for (const next of [inputs, outputs]) {
    const open = [table];
    const seen = new Set(open);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const other of next.get(name) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        reached.add(other);
        open.push(other);
      }
    }
  }
  return reached;
}
