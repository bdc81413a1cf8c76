import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { TableSummary } from "../../api/types";
import { StateGlyph } from "../../components/state";
import { Age } from "../../components/time";
import { VirtualList } from "../../components/virtual_list";
import { Link, pageOf } from "../../router";
import { formatBytes, formatCount } from "../../time/format";
import { lineageOf, tableHealth, type Layer } from "./layers";

/** Above so many tables the tiles become rows of scrolling lists, and no edges are drawn. */
const kTilesMax = 240;

interface Line {
  from: string;
  to: string;
  path: string;
}

export function TableMap(props: { layers: Layer[] }) {
  const tables = useMemo(() => props.layers.flatMap((layer) => layer.tables), [props.layers]);
  return tables.length > kTilesMax ? (
    <CompactMap layers={props.layers} />
  ) : (
    <TileMap layers={props.layers} tables={tables} />
  );
}

function TileMap(props: { layers: Layer[]; tables: TableSummary[] }) {
  const element = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState<Line[]>([]);
  const [pointed, setPointed] = useState<string | null>(null);
  const near = useMemo(
    () => (pointed === null ? null : lineageOf(pointed, props.tables)),
    [pointed, props.tables],
  );
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const measure = () => setLines(measureLines(box, props.tables));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [props.tables]);
  return (
    <div
      ref={element}
      className="map"
      style={{ gridTemplateColumns: `repeat(${props.layers.length}, minmax(200px, 1fr))` }}
    >
      <svg className="map-lines" aria-hidden="true">
        {lines.map((line) => {
          const lit = near?.has(line.from) && near.has(line.to);
          return (
            <path
              key={`${line.from}>${line.to}`}
              d={line.path}
              className={
                lit ? "map-line map-line-lit" : near ? "map-line map-line-dim" : "map-line"
              }
            />
          );
        })}
      </svg>
      {props.layers.map((layer) => (
        <section
          key={layer.name}
          className={`map-layer layer-${layer.name}`}
          aria-label={`Layer ${layer.name}`}
        >
          <LayerTitle layer={layer} />
          {layer.tables.map((table) => (
            <Tile
              key={table.table}
              table={table}
              dim={near !== null && !near.has(table.table)}
              onPoint={setPointed}
            />
          ))}
        </section>
      ))}
    </div>
  );
}

function LayerTitle(props: { layer: Layer }) {
  const rows = props.layer.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  return (
    <h2 className="map-title">
      {props.layer.name}
      <span className="quiet">
        {props.layer.tables.length} · {formatCount(rows)} rows
      </span>
    </h2>
  );
}

const Tile = memo(function Tile(props: {
  table: TableSummary;
  dim: boolean;
  onPoint: (table: string | null) => void;
}) {
  const { table } = props;
  const health = tableHealth(table);
  const first = useRef(table.version);
  const changed = table.version !== first.current;
  return (
    <Link
      href={pageOf.table(table.table)}
      className={`tile tile-${health.state}${props.dim ? " tile-dim" : ""}`}
      data-nav-row
      data-table={table.table}
      title={table.description}
      onMouseEnter={() => props.onPoint(table.table)}
      onMouseLeave={() => props.onPoint(null)}
      onFocus={() => props.onPoint(table.table)}
      onBlur={() => props.onPoint(null)}
    >
      {changed && <span key={table.version} className="tile-flash" aria-hidden="true" />}
      <span className="tile-head">
        <span className="tile-name clip">{table.name}</span>
        <span className="tile-health">
          <StateGlyph state={health.state} /> {health.why}
        </span>
      </span>
      <span className="tile-facts">
        {table.rows === null ? (
          <span>{table.kind}</span>
        ) : (
          <span title={`${table.rows.toLocaleString("en")} rows`}>
            {formatCount(table.rows)} rows
            {table.bytes !== null && ` · ${formatBytes(table.bytes)}`}
          </span>
        )}
        <span>
          {table.version !== null && `v${table.version} · `}
          <Age at={table.changed_at} none={table.kind === "view" ? "" : "never"} />
        </span>
      </span>
      {table.checks && <CheckBar checks={table.checks} />}
    </Link>
  );
});

function CheckBar(props: { checks: { passed: number; failed: number; warned: number } }) {
  const { passed, failed, warned } = props.checks;
  if (passed + failed + warned === 0) return null;
  const label = `checks: ${passed} passed, ${failed} failed, ${warned} warned`;
  return (
    <span className="tile-checks" role="img" aria-label={label} title={label}>
      {passed > 0 && <span className="state-passed" style={{ flexGrow: passed }} />}
      {warned > 0 && <span className="state-warned" style={{ flexGrow: warned }} />}
      {failed > 0 && <span className="state-failed" style={{ flexGrow: failed }} />}
    </span>
  );
}

function CompactMap(props: { layers: Layer[] }) {
  return (
    <div
      className="map map-compact"
      style={{ gridTemplateColumns: `repeat(${props.layers.length}, minmax(200px, 1fr))` }}
    >
      {props.layers.map((layer) => (
        <section
          key={layer.name}
          className={`map-layer layer-${layer.name}`}
          aria-label={`Layer ${layer.name}`}
        >
          <LayerTitle layer={layer} />
          <VirtualList
            className="panel map-list"
            label={`Tables of ${layer.name}`}
            count={layer.tables.length}
            rowHeight={28}
            row={(index) => {
              const table = layer.tables[index]!;
              const health = tableHealth(table);
              return (
                <Link
                  key={table.table}
                  href={pageOf.table(table.table)}
                  className="map-row"
                  data-nav-row
                  data-table={table.table}
                  title={`${table.table}: ${health.why}`}
                >
                  <StateGlyph state={health.state} label={health.why} />
                  <span className="clip">{table.name}</span>
                  <span className="quiet number">
                    {table.rows === null ? "–" : formatCount(table.rows)}
                  </span>
                </Link>
              );
            }}
          />
        </section>
      ))}
    </div>
  );
}

function measureLines(box: HTMLElement, tables: readonly TableSummary[]): Line[] {
  const origin = box.getBoundingClientRect();
  const places = new Map<string, DOMRect>();
  for (const tile of box.querySelectorAll<HTMLElement>("[data-table]")) {
    places.set(tile.dataset["table"]!, tile.getBoundingClientRect());
  }
  const lines: Line[] = [];
  for (const table of tables) {
    const to = places.get(table.table);
    if (!to) continue;
    for (const input of table.inputs) {
      const from = places.get(input);
      if (!from) continue;
      const [y1, y2] = [
        from.top + from.height / 2 - origin.top,
        to.top + to.height / 2 - origin.top,
      ];
      const [x1, x2] = [from.right - origin.left, to.left - origin.left];
      // Within a layer (or stacked on a narrow page) a line runs along the left edge.
      const [left, right] = [from.left - origin.left, to.left - origin.left];
      const path =
        x2 > x1
          ? `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`
          : `M${left} ${y1}C${left - 14} ${y1} ${right - 14} ${y2} ${right} ${y2}`;
      lines.push({ from: input, to: table.table, path });
    }
  }
  return lines;
}
