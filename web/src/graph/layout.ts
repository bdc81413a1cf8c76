// Places the nodes of a directed graph in layers from left to right: ranks by longest path, few crossings by
// barycentres, then each node near the middle of its neighbours. Linear in nodes and edges but for a fixed number of
// sweeps, so that 5,000 nodes take well under a second.

export interface Edge {
  from: string;
  to: string;
}

/** The way from inputs to outputs on the drawing. */
export type Direction = "right" | "down";

export interface LayoutOptions {
  nodeWidth: number;
  nodeHeight: number;
  /** Between layers, and between the nodes of a layer. */
  layerGap: number;
  nodeGap: number;
}

export interface Placed {
  x: number;
  y: number;
  rank: number;
}

export interface Layout {
  direction: Direction;
  nodes: Map<string, Placed>;
  width: number;
  height: number;
}

export const kDefaultLayout: LayoutOptions = {
  nodeWidth: 168,
  nodeHeight: 38,
  layerGap: 52,
  nodeGap: 14,
};

const kSweeps = 6;
const kFoldAbove = 40;
const kFoldShare = 1.8;

export function layoutGraph(
  ids: readonly string[],
  edges: readonly Edge[],
  direction: Direction = "right",
  options: LayoutOptions = kDefaultLayout,
): Layout {
  const known = new Set(ids);
  const used = edges.filter((edge) => known.has(edge.from) && known.has(edge.to));
  const ranks = rankNodes(ids, used);
  const before = neighbours(ids, used, "to", "from");
  const after = neighbours(ids, used, "from", "to");
  const layers = orderLayers(ids, ranks, before, after);
  return place(layers, ranks, before, after, direction, options);
}

/** The longest way from a node without inputs. An edge that closes a circle is not counted. */
export function rankNodes(ids: readonly string[], edges: readonly Edge[]): Map<string, number> {
  const after = neighbours(ids, edges, "from", "to");
  const open = new Map(ids.map((id) => [id, 0]));
  for (const edge of edges) open.set(edge.to, (open.get(edge.to) ?? 0) + 1);
  const ranks = new Map<string, number>();
  const ready = ids.filter((id) => open.get(id) === 0);
  const left = new Set(ids);
  for (let next = 0; left.size > 0; next++) {
    if (next >= ready.length) ready.push(left.values().next().value!);
    const id = ready[next]!;
    if (!left.delete(id)) continue;
    const rank = ranks.get(id) ?? 0;
    ranks.set(id, rank);
    for (const other of after.get(id)!) {
      if (!left.has(other)) continue;
      ranks.set(other, Math.max(ranks.get(other) ?? 0, rank + 1));
      const waiting = open.get(other)! - 1;
      open.set(other, waiting);
      if (waiting === 0) ready.push(other);
    }
  }
  return ranks;
}

function neighbours(
  ids: readonly string[],
  edges: readonly Edge[],
  key: "from" | "to",
  value: "from" | "to",
): Map<string, string[]> {
  const all = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const edge of edges) all.get(edge[key])!.push(edge[value]);
  return all;
}

function orderLayers(
  ids: readonly string[],
  ranks: Map<string, number>,
  before: Map<string, string[]>,
  after: Map<string, string[]>,
): string[][] {
  const layers: string[][] = [];
  for (const id of ids) (layers[ranks.get(id)!] ??= []).push(id);
  const position = new Map<string, number>();
  const number = (layer: string[]) =>
    layer.forEach((id, index) => position.set(id, (index + 0.5) / layer.length));
  layers.forEach(number);
  const sort = (layer: string[], near: Map<string, string[]>) => {
    const centre = new Map(
      layer.map((id) => [id, mean(near.get(id)!, position) ?? position.get(id)!]),
    );
    layer.sort((a, b) => centre.get(a)! - centre.get(b)!);
    number(layer);
  };
  for (let sweep = 0; sweep < kSweeps; sweep++) {
    for (let rank = 1; rank < layers.length; rank++) sort(layers[rank]!, before);
    for (let rank = layers.length - 2; rank >= 0; rank--) sort(layers[rank]!, after);
  }
  return layers;
}

function place(
  layers: string[][],
  ranks: Map<string, number>,
  before: Map<string, string[]>,
  after: Map<string, string[]>,
  direction: Direction,
  options: LayoutOptions,
): Layout {
  const right = direction === "right";
  const [along, across] = right
    ? [options.nodeWidth, options.nodeHeight]
    : [options.nodeHeight, options.nodeWidth];
  const step = across + options.nodeGap;
  const side = new Map<string, number>();
  const way = new Map<string, number>();
  const most = Math.max(kFoldAbove, Math.ceil(kFoldShare * Math.sqrt(ranks.size)));
  const widest = Math.max(1, ...layers.map((layer) => layer.length));
  const lines = Math.min(widest, most);
  let at = 0;
  for (const layer of layers) {
    // A layer that is too long is folded into several rows or columns.
    const folds = Math.ceil(layer.length / most);
    const first = ((lines - Math.min(layer.length, most)) * step) / 2;
    layer.forEach((id, index) => {
      side.set(id, first + (index % most) * step);
      way.set(id, at + Math.floor(index / most) * (along + options.nodeGap));
    });
    at += folds * (along + options.nodeGap) - options.nodeGap + options.layerGap;
  }
  if (widest <= most) {
    for (let sweep = 0; sweep < 2; sweep++) {
      for (let rank = 1; rank < layers.length; rank++) settle(layers[rank]!, before, side, step);
      for (let rank = layers.length - 2; rank >= 0; rank--)
        settle(layers[rank]!, after, side, step);
    }
  }
  let lowest = Infinity;
  let highest = 0;
  for (const value of side.values()) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const nodes = new Map<string, Placed>();
  for (const [id, value] of side) {
    const rank = ranks.get(id)!;
    const far = way.get(id)!;
    nodes.set(
      id,
      right ? { x: far, y: value - lowest, rank } : { x: value - lowest, y: far, rank },
    );
  }
  const length = Math.max(0, at - options.layerGap);
  const breadth = side.size === 0 ? 0 : highest - lowest + across;
  return right
    ? { direction, nodes, width: length, height: breadth }
    : { direction, nodes, width: breadth, height: length };
}

/** Moves the nodes of a layer towards the middle of their neighbours; order and distance are kept. */
function settle(
  layer: string[],
  near: Map<string, string[]>,
  places: Map<string, number>,
  step: number,
) {
  const wanted = layer.map((id) => mean(near.get(id)!, places) ?? places.get(id)!);
  const placed: number[] = [];
  for (const [index, value] of wanted.entries()) {
    placed.push(index === 0 ? value : Math.max(value, placed[index - 1]! + step));
  }
  // Pushing down moved the layer as a whole: take that back.
  const drift =
    placed.reduce((sum, value, index) => sum + value - wanted[index]!, 0) / layer.length;
  layer.forEach((id, index) => places.set(id, placed[index]! - drift));
}

function mean(ids: readonly string[], values: Map<string, number>): number | null {
  if (ids.length === 0) return null;
  let sum = 0;
  for (const id of ids) sum += values.get(id)!;
  return sum / ids.length;
}
