import { expect, test } from "vitest";
import { kDefaultLayout, layoutGraph, rankNodes, type Edge, type Layout } from "./layout";
import { chooseLayout, fitView, zoomView } from "./viewport";

function randomGraph(nodes: number, seed: number): { ids: string[]; edges: Edge[] } {
  let state = seed;
  const random = (bound: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % bound;
  };
  const ids = Array.from({ length: nodes }, (_, index) => `n${index}`);
  const edges: Edge[] = [];
  for (let to = 1; to < nodes; to++) {
    const count = random(4);
    for (let edge = 0; edge < count; edge++) edges.push({ from: ids[random(to)]!, to: ids[to]! });
  }
  return { ids, edges };
}

test("every edge goes to a later layer, as far as the longest way", () => {
  const ranks = rankNodes(
    ["a", "b", "c", "d"],
    [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "a", to: "c" },
      { from: "d", to: "c" },
    ],
  );
  expect(Object.fromEntries(ranks)).toEqual({ a: 0, b: 1, c: 2, d: 0 });
});

/** What is wrong with a layout: edges that go back, nodes that lie on others or outside. */
function faultsOf(layout: Layout, edges: readonly Edge[]): string[] {
  const faults: string[] = [];
  const { nodeWidth, nodeHeight } = kDefaultLayout;
  for (const { from, to } of edges) {
    if (layout.nodes.get(to)!.rank <= layout.nodes.get(from)!.rank) faults.push(`${from} > ${to}`);
  }
  const placed = [...layout.nodes];
  for (const [index, [id, a]] of placed.entries()) {
    const inside =
      a.x >= -0.01 &&
      a.y >= -0.01 &&
      a.x + nodeWidth <= layout.width + 0.01 &&
      a.y + nodeHeight <= layout.height + 0.01;
    if (!inside) faults.push(`${id} is outside`);
    for (const [other, b] of placed.slice(index + 1)) {
      if (Math.abs(a.x - b.x) < nodeWidth && Math.abs(a.y - b.y) < nodeHeight)
        faults.push(`${id} lies on ${other}`);
    }
  }
  return faults;
}

test("random graphs: edges go forward and no two nodes lie on each other", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { ids, edges } = randomGraph(60, seed);
    for (const direction of ["right", "down"] as const) {
      const layout = layoutGraph(ids, edges, direction);
      expect(layout.nodes.size, `seed ${seed}`).toBe(ids.length);
      expect(faultsOf(layout, edges), `seed ${seed}`).toEqual([]);
    }
  }
});

test("a circle and an edge to nowhere do not hang or break it", () => {
  const layout = layoutGraph(
    ["a", "b", "c"],
    [
      { from: "a", to: "b" },
      { from: "b", to: "a" },
      { from: "c", to: "gone" },
      { from: "c", to: "c" },
    ],
  );
  expect(layout.nodes.size).toBe(3);
  expect(layoutGraph([], []).nodes.size).toBe(0);
});

test("5,000 nodes are placed in well under a second", () => {
  const { ids, edges } = randomGraph(5000, 3);
  const begin = process.cpuUsage();
  layoutGraph(ids, edges);
  expect(process.cpuUsage(begin).user / 1000).toBeLessThan(1000);
});

test("thousands of nodes in few layers are folded into a drawing that is no thread", () => {
  const ids = Array.from({ length: 3000 }, (_, index) => `n${index}`);
  const edges = ids.slice(1500).map((to, index) => ({ from: ids[index]!, to }));
  const layout = layoutGraph(ids, edges);
  expect(layout.width / layout.height).toBeGreaterThan(0.3);
  expect(layout.width / layout.height).toBeLessThan(3);
  expect(faultsOf(layout, edges)).toEqual([]);
});

test("a long chain in a narrow box is drawn downwards", () => {
  const ids = Array.from({ length: 9 }, (_, index) => `n${index}`);
  const edges = ids.slice(1).map((to, index) => ({ from: ids[index]!, to }));
  const layouts = {
    right: layoutGraph(ids, edges, "right"),
    down: layoutGraph(ids, edges, "down"),
  };
  expect(chooseLayout(layouts, { width: 560, height: 460 }).direction).toBe("down");
  expect(chooseLayout(layouts, { width: 2400, height: 460 }).direction).toBe("right");
});

test("zooming keeps the point under the pointer, fitting shows all", () => {
  const view = { left: 10, top: 20, scale: 1 };
  const zoomed = zoomView(view, 1.5, 110, 220);
  expect((110 - zoomed.left) / zoomed.scale).toBeCloseTo(100);
  expect((220 - zoomed.top) / zoomed.scale).toBeCloseTo(200);
  const fitted = fitView({ width: 2000, height: 300 }, { width: 500, height: 500 });
  expect(fitted.left + 2000 * fitted.scale).toBeLessThanOrEqual(500);
});
