import { useMemo } from "react";
import { useAllTables } from "../../api/lists";
import type { TableSummary } from "../../api/types";
import { Button } from "../../components/button";
import { DataTable, type Column } from "../../components/data_table";
import { Empty, Loaded } from "../../components/notice";
import { StateGlyph } from "../../components/state";
import { Age } from "../../components/time";
import { Link, pageOf, useSearchValue } from "../../router";
import { formatBytes, formatCount } from "../../time/format";
import { useTitle } from "../../components/title";
import { tableHealth } from "../home/layers";

const kShownMax = 300;
type Sort = "name" | "rows" | "bytes" | "changed";

const kOrders: Record<Sort, (a: TableSummary, b: TableSummary) => number> = {
  name: (a, b) => a.table.localeCompare(b.table),
  rows: (a, b) => (b.rows ?? -1) - (a.rows ?? -1),
  bytes: (a, b) => (b.bytes ?? -1) - (a.bytes ?? -1),
  changed: (a, b) => (b.changed_at ?? "").localeCompare(a.changed_at ?? ""),
};

export function TablesPage() {
  useTitle("Tables");
  const tables = useAllTables();
  return (
    <>
      <h1>Tables</h1>
      <Loaded query={tables} what="list of tables" rows={10}>
        {(all) => <TableList all={all} />}
      </Loaded>
    </>
  );
}

function TableList(props: { all: TableSummary[] }) {
  const [text, setText] = useSearchValue("q");
  const [layer, setLayer] = useSearchValue("layer");
  const [sort, setSort] = useSearchValue("sort", "name");
  const layers = useMemo(() => [...new Set(props.all.map((table) => table.layer))], [props.all]);
  const wanted = text.trim().toLowerCase();
  const found = useMemo(
    () =>
      props.all
        .filter(
          (table) =>
            (layer === "" || table.layer === layer) &&
            `${table.table} ${table.description}`.toLowerCase().includes(wanted),
        )
        .sort(kOrders[sort as Sort] ?? kOrders.name),
    [props.all, layer, wanted, sort],
  );
  return (
    <>
      <div className="row">
        <input
          className="input search"
          type="search"
          placeholder="Filter by name or text"
          aria-label="Filter tables"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {layers.map((each) => (
          <Button
            key={each}
            look={each === layer ? "primary" : "plain"}
            aria-pressed={each === layer}
            onClick={() => setLayer(each === layer ? "" : each)}
          >
            {each}
          </Button>
        ))}
        <select
          className="input search"
          aria-label="Order"
          value={sort}
          onChange={(event) => setSort(event.target.value)}
        >
          <option value="name">by name</option>
          <option value="rows">most rows first</option>
          <option value="bytes">largest first</option>
          <option value="changed">changed last first</option>
        </select>
      </div>
      <div className="panel">
        {found.length === 0 ? (
          <Empty title={props.all.length === 0 ? "There are no tables yet" : "No table is so"} />
        ) : (
          <DataTable
            label="Tables"
            columns={kColumns}
            items={found.slice(0, kShownMax)}
            keyOf={(table) => table.table}
          />
        )}
        {found.length > kShownMax && (
          <div className="table-more quiet">
            {kShownMax} of {found.length} are shown; filter to see others.
          </div>
        )}
      </div>
    </>
  );
}

const kColumns: Column<TableSummary>[] = [
  {
    title: "Table",
    cell: (table) => (
      <Link href={pageOf.table(table.table)} data-nav-row>
        <strong>{table.table}</strong>
      </Link>
    ),
  },
  { title: "Kind", cell: (table) => <span className="tag">{table.kind}</span> },
  {
    title: "Health",
    cell: (table) => {
      const health = tableHealth(table);
      return (
        <span className="row nowrap">
          <StateGlyph state={health.state} /> {health.why}
        </span>
      );
    },
  },
  {
    title: "Rows",
    number: true,
    cell: (table) => (table.rows === null ? "–" : formatCount(table.rows)),
  },
  {
    title: "Size",
    number: true,
    wideOnly: true,
    cell: (table) => (table.bytes === null ? "–" : formatBytes(table.bytes)),
  },
  { title: "Version", number: true, wideOnly: true, cell: (table) => table.version ?? "–" },
  { title: "Changed", cell: (table) => <Age at={table.changed_at} /> },
  {
    title: "Description",
    wideOnly: true,
    cell: (table) => <span className="quiet">{table.description}</span>,
  },
];
