import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Button } from "../components/button";
import { stateSign, stateWord } from "../components/state";
import { kDefaultLayout, layoutGraph, type Edge, type Layout } from "./layout";
import { chooseLayout, useBox, useViewport, type View } from "./viewport";
import "./graph.css";

export interface GraphNode {
  id: string;
  label: string;
  detail?: string;
  state?: string;
  layer?: string;
}

interface Drawn {
  nodes: readonly GraphNode[];
  edges: readonly Edge[];
  layout: Layout;
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Above so many nodes the drawing is a canvas, as the browser could not move so many elements. */
export const kElementsMax = 400;

export function GraphView(props: {
  label: string;
  nodes: readonly GraphNode[];
  edges: readonly Edge[];
  selected?: string | null;
  onSelect: (id: string) => void;
}) {
  const { nodes, edges } = props;
  // States change while a run goes on; the places only when nodes or edges do.
  const shape =
    nodes.map((node) => node.id).join("\n") + edges.map((e) => e.from + e.to).join("\n");
  const layouts = useMemo(() => {
    const ids = nodes.map((node) => node.id);
    return { right: layoutGraph(ids, edges, "right"), down: layoutGraph(ids, edges, "down") };
  }, [shape]);
  const element = useRef<HTMLDivElement>(null);
  const box = useBox(element);
  const layout = chooseLayout(layouts, box);
  const viewport = useViewport(element, layout, box);
  const [search, setSearch] = useState("");
  const find = (text: string) => {
    setSearch(text);
    const wanted = text.trim().toLowerCase();
    const found = wanted && nodes.find((node) => node.label.toLowerCase().includes(wanted));
    const at = found && layout.nodes.get(found.id);
    if (!found || !at) return;
    viewport.show(at.x + kDefaultLayout.nodeWidth / 2, at.y + kDefaultLayout.nodeHeight / 2);
    props.onSelect(found.id);
  };
  const drawn: Drawn = {
    nodes,
    edges,
    layout,
    selected: props.selected ?? null,
    onSelect: props.onSelect,
  };
  return (
    <div className="graph">
      <div className="graph-tools">
        {nodes.length > 20 && (
          <input
            className="input search"
            type="search"
            placeholder="Find a node"
            aria-label="Find a node"
            value={search}
            onChange={(event) => find(event.target.value)}
          />
        )}
        <Button icon aria-label="Zoom in" onClick={() => viewport.zoom(1.3)}>
          +
        </Button>
        <Button icon aria-label="Zoom out" onClick={() => viewport.zoom(1 / 1.3)}>
          −
        </Button>
        <Button onClick={viewport.fit}>Fit</Button>
      </div>
      <div
        ref={element}
        className="graph-box"
        role="group"
        aria-label={props.label}
        {...viewport.handlers}
      >
        {nodes.length <= kElementsMax ? (
          <ElementDrawing drawn={drawn} view={viewport.view} />
        ) : (
          <CanvasDrawing drawn={drawn} view={viewport.view} box={box} />
        )}
      </div>
    </div>
  );
}

interface Ends {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** Where an edge leaves its first node and meets its second. */
function edgeEnds(layout: Layout, edge: Edge): Ends | null {
  const from = layout.nodes.get(edge.from);
  const to = layout.nodes.get(edge.to);
  if (!from || !to) return null;
  const { nodeWidth, nodeHeight } = kDefaultLayout;
  return layout.direction === "right"
    ? { x1: from.x + nodeWidth, y1: from.y + nodeHeight / 2, x2: to.x, y2: to.y + nodeHeight / 2 }
    : { x1: from.x + nodeWidth / 2, y1: from.y + nodeHeight, x2: to.x + nodeWidth / 2, y2: to.y };
}

function edgePath(layout: Layout, edge: Edge): string | null {
  const ends = edgeEnds(layout, edge);
  if (!ends) return null;
  const { x1, y1, x2, y2 } = ends;
  const way = layout.direction === "right" ? Math.abs(x2 - x1) : Math.abs(y2 - y1);
  const bend = Math.max(20, Math.min(80, way / 2));
  return layout.direction === "right"
    ? `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
    : `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

function ElementDrawing(props: { drawn: Drawn; view: View }) {
  const { nodes, edges, layout, selected, onSelect } = props.drawn;
  const { view } = props;
  const press = (event: KeyboardEvent, id: string) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onSelect(id);
  };
  const drawNode = (node: GraphNode): ReactNode => {
    const at = layout.nodes.get(node.id);
    if (!at) return null;
    const words = [node.label, node.detail, node.state && stateWord(node.state)];
    return (
      <g
        key={node.id}
        className={`graph-node state-${node.state ?? "none"} layer-${node.layer ?? "none"}`}
        transform={`translate(${at.x} ${at.y})`}
        role="button"
        tabIndex={0}
        aria-label={words.filter(Boolean).join(", ")}
        aria-pressed={node.id === selected}
        data-node={node.id}
        onClick={() => onSelect(node.id)}
        onKeyDown={(event) => press(event, node.id)}
      >
        <title>{words.filter(Boolean).join(" · ")}</title>
        <rect width={kDefaultLayout.nodeWidth} height={kDefaultLayout.nodeHeight} rx="6" />
        <rect className="graph-edge-mark" width="5" height={kDefaultLayout.nodeHeight} rx="2" />
        <text x="14" y={node.detail ? 16 : 23}>
          {shorten(node.label, node.state ? 20 : 23)}
        </text>
        {node.detail && (
          <text x="14" y="30" className="graph-detail">
            {shorten(node.detail, 25)}
          </text>
        )}
        {node.state && (
          <path
            className="graph-sign"
            d={stateSign(node.state)}
            transform={`translate(${kDefaultLayout.nodeWidth - 22} 6) scale(0.9)`}
          />
        )}
      </g>
    );
  };
  return (
    <svg className="graph-svg" width="100%" height="100%">
      <g transform={`translate(${view.left} ${view.top}) scale(${view.scale})`}>
        {edges.map((edge) => {
          const path = edgePath(layout, edge);
          const near = edge.from === selected || edge.to === selected;
          return (
            path && (
              <path
                key={`${edge.from}>${edge.to}`}
                d={path}
                className={near ? "graph-edge graph-edge-near" : "graph-edge"}
              />
            )
          );
        })}
        {nodes.map(drawNode)}
      </g>
    </svg>
  );
}

function CanvasDrawing(props: {
  drawn: Drawn;
  view: View;
  box: { width: number; height: number };
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { drawn, view, box } = props;
  useEffect(() => {
    if (canvas.current && box.width > 0) paint(canvas.current, drawn, view, box);
  });
  const click = (event: { clientX: number; clientY: number; currentTarget: HTMLElement }) => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - bounds.left - view.left) / view.scale;
    const y = (event.clientY - bounds.top - view.top) / view.scale;
    const { nodeWidth, nodeHeight } = kDefaultLayout;
    for (const [id, at] of drawn.layout.nodes) {
      if (x >= at.x && x <= at.x + nodeWidth && y >= at.y && y <= at.y + nodeHeight) {
        drawn.onSelect(id);
        return;
      }
    }
  };
  return (
    <canvas
      ref={canvas}
      className="graph-canvas"
      role="img"
      aria-label={`${drawn.nodes.length} nodes; use the field above to find one`}
      onClick={click}
    />
  );
}

function paint(
  canvas: HTMLCanvasElement,
  drawn: Drawn,
  view: View,
  box: { width: number; height: number },
) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  const colours = new Map<string, string>();
  const colour = (name: string) => {
    if (!colours.has(name)) colours.set(name, style.getPropertyValue(name).trim());
    return colours.get(name)!;
  };
  context.setTransform(
    ratio * view.scale,
    0,
    0,
    ratio * view.scale,
    ratio * view.left,
    ratio * view.top,
  );
  const { nodeWidth, nodeHeight } = kDefaultLayout;
  const [left, top] = [-view.left / view.scale, -view.top / view.scale];
  const [right, bottom] = [left + box.width / view.scale, top + box.height / view.scale];
  context.lineWidth = Math.max(1, 0.7 / view.scale);
  for (const near of [false, true]) {
    context.strokeStyle = colour(near ? "--accent" : "--line-strong");
    context.globalAlpha = near ? 1 : 0.4;
    context.beginPath();
    for (const edge of drawn.edges) {
      if ((edge.from === drawn.selected || edge.to === drawn.selected) !== near) continue;
      const ends = edgeEnds(drawn.layout, edge);
      if (!ends) continue;
      const { x1, y1, x2, y2 } = ends;
      if (Math.max(x1, x2) < left || Math.min(x1, x2) > right) continue;
      if (Math.max(y1, y2) < top || Math.min(y1, y2) > bottom) continue;
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  const named = view.scale > 0.35;
  context.font = `12px ${style.fontFamily}`;
  context.textBaseline = "middle";
  for (const node of drawn.nodes) {
    const at = drawn.layout.nodes.get(node.id);
    if (!at || at.x > right || at.x + nodeWidth < left || at.y > bottom || at.y + nodeHeight < top)
      continue;
    const mark = node.state ? `--state-${node.state}` : `--layer-${node.layer ?? "other"}`;
    context.fillStyle = named ? colour("--surface") : colour(mark) || colour("--ink-3");
    context.fillRect(at.x, at.y, nodeWidth, nodeHeight);
    context.fillStyle = colour(mark) || colour("--ink-3");
    context.fillRect(at.x, at.y, 6, nodeHeight);
    context.strokeStyle = colour(node.id === drawn.selected ? "--accent" : "--line-strong");
    context.strokeRect(at.x, at.y, nodeWidth, nodeHeight);
    if (named) {
      context.fillStyle = colour("--ink");
      context.fillText(shorten(node.label, 23), at.x + 14, at.y + nodeHeight / 2);
    }
  }
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
