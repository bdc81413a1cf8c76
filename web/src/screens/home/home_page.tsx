import { useMemo, useState } from "react";
import { useAllPipelines, useAllTables } from "../../api/lists";
import type { TableSummary } from "../../api/types";
import { Button } from "../../components/button";
import { Empty, Loaded } from "../../components/notice";
import { isActive } from "../../components/run_bars";
import { StateGlyph } from "../../components/state";
import { Link, pageOf, useSearchValue } from "../../router";
import { GraphView } from "../../graph/graph_view";
import { navigate } from "../../router";
import { groupByLayer, tableHealth } from "./layers";
import { useTitle } from "../../components/title";
import { TableMap } from "./table_map";
import "./home.css";

/** The whole platform at a glance: each table a tile in the column of its layer. */
export function HomePage() {
  useTitle("Map");
  const tables = useAllTables();
  return (
    <>
      <div className="row-between">
        <h1>Map</h1>
        <Activity />
      </div>
      <Loaded query={tables} what="map of tables" rows={10}>
        {(all) => (all.length === 0 ? <NoTables /> : <TablesOf all={all} />)}
      </Loaded>
    </>
  );
}

function TablesOf(props: { all: TableSummary[] }) {
  const [filter, setFilter] = useSearchValue("q");
  const [look, setLook] = useSearchValue("look", "tiles");
  const [attention, setAttention] = useState(false);
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return props.all.filter(
      (table) =>
        table.table.toLowerCase().includes(wanted) &&
        (!attention || ["error", "warn"].includes(tableHealth(table).state)),
    );
  }, [props.all, filter, attention]);
  const bad = props.all.filter((table) => tableHealth(table).state === "error").length;
  const warned = props.all.filter((table) => tableHealth(table).state === "warn").length;
  return (
    <>
      <div className="row">
        <input
          className="input search"
          type="search"
          placeholder="Filter tables"
          aria-label="Filter tables"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <Button aria-pressed={attention} onClick={() => setAttention(!attention)}>
          {bad + warned === 0
            ? `All ${props.all.length} tables are well`
            : `${bad} failing, ${warned} warned of ${props.all.length}`}
        </Button>
        <Button
          aria-pressed={look === "graph"}
          onClick={() => setLook(look === "graph" ? "" : "graph")}
        >
          {look === "graph" ? "As tiles" : "As a graph"}
        </Button>
      </div>
      {shown.length === 0 ? (
        <Empty title="No table is so" />
      ) : look === "graph" ? (
        <div className="panel home-graph">
          <TableGraph tables={shown} />
        </div>
      ) : (
        <TableMap layers={groupByLayer(shown)} />
      )}
    </>
  );
}

function TableGraph(props: { tables: TableSummary[] }) {
  const nodes = useMemo(
    () =>
      props.tables.map((table) => ({
        id: table.table,
        label: table.table,
        detail: table.kind,
        layer: table.layer,
      })),
    [props.tables],
  );
  const edges = useMemo(
    () =>
      props.tables.flatMap((table) =>
        table.inputs.map((input) => ({ from: input, to: table.table })),
      ),
    [props.tables],
  );
  return (
    <GraphView
      label="Tables and what they are made of"
      nodes={nodes}
      edges={edges}
      onSelect={(table) => navigate(pageOf.table(table))}
    />
  );
}

/** What goes on now, and what failed last. */
function Activity() {
  const pipelines = useAllPipelines().data ?? [];
  const active = pipelines.flatMap((each) => each.recent_runs.filter(isActive)).length;
  const failing = pipelines.filter(
    (each) => each.recent_runs.find((run) => run.ended_at !== null)?.state === "failed",
  );
  return (
    <div className="row">
      <Link href={pageOf.runs({ state: "running" })} className="row">
        <StateGlyph state={active > 0 ? "running" : "queued"} /> {active} active{" "}
        {active === 1 ? "run" : "runs"}
      </Link>
      {failing.slice(0, 3).map((each) => (
        <Link key={each.name} href={pageOf.pipeline(each.name)} className="row">
          <StateGlyph state="failed" /> {each.name}
        </Link>
      ))}
    </div>
  );
}

function NoTables() {
  return (
    <div className="panel">
      <Empty title="There are no tables yet">
        <p>
          A source under <code>sources/</code> or a model under <code>models/</code> of the project
          makes one. Then start a <Link href={pageOf.pipelines()}>pipeline</Link>.
        </p>
      </Empty>
    </div>
  );
}
