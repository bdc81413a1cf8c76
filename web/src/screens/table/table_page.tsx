import { useMemo } from "react";
import { api } from "../../api/endpoints";
import { usePages, useQuery } from "../../api/query";
import type { CheckResult, SampleRows, TableDetail, TableVersion } from "../../api/types";
import { Code } from "../../components/code";
import { DataTable, PagedTable, type Column } from "../../components/data_table";
import { Fact } from "../../components/fact";
import { Empty, Loaded } from "../../components/notice";
import { RunLink } from "../../components/run_link";
import { StateChip, StateGlyph } from "../../components/state";
import { Tabs } from "../../components/tabs";
import { Age, Time } from "../../components/time";
import { useTitle } from "../../components/title";
import { GraphView } from "../../graph/graph_view";
import { navigate, pageOf, useSearchValue } from "../../router";
import { formatBytes, formatCount } from "../../time/format";
import { tableHealth } from "../home/layers";
import { WindowsStrip } from "./windows_strip";
import "./table.css";

const kTabs = [
  { id: "overview", title: "Overview" },
  { id: "columns", title: "Columns" },
  { id: "versions", title: "Versions" },
  { id: "checks", title: "Checks" },
  { id: "rows", title: "Rows" },
  { id: "sql", title: "SQL" },
] as const;
const kSampleRows = 50;

export function TablePage(props: { table: string }) {
  const table = useQuery(`table:${props.table}`, (signal) => api.table(props.table, signal), [
    `table:${props.table}`,
    "tables",
  ]);
  return (
    <Loaded query={table} what={`table ${props.table}`} rows={9}>
      {(data) => <TableBody table={data} />}
    </Loaded>
  );
}

function TableBody(props: { table: TableDetail }) {
  const { table } = props;
  useTitle(table.table);
  const [tab, setTab] = useSearchValue("tab", "overview");
  const health = tableHealth(table);
  return (
    <>
      <div className="row">
        <h1>
          <span className={`layer-name layer-${table.layer}`}>{table.layer}</span>.{table.name}
        </h1>
        <span className="tag">{table.kind}</span>
        <span className="row">
          <StateGlyph state={health.state} /> {health.why}
        </span>
      </div>
      {table.problem && (
        <div className="banner banner-error" role="alert">
          <span>Its files cannot be read: {table.problem}</span>
        </div>
      )}
      {table.description && <p className="quiet">{table.description}</p>}
      <dl className="fact-row">
        <Fact title="Rows">
          {table.rows === null ? (
            "–"
          ) : (
            <span title={table.rows.toLocaleString("en")}>{formatCount(table.rows)}</span>
          )}
        </Fact>
        <Fact title="Size">
          {table.bytes === null ? "–" : `${formatBytes(table.bytes)} in ${table.files} files`}
        </Fact>
        <Fact title="Version">{table.version ?? "–"}</Fact>
        <Fact title="Changed">
          <Age at={table.changed_at} />
        </Fact>
        {table.freshness?.at && (
          <Fact title="Newest data">
            <Age at={table.freshness.at} />
          </Fact>
        )}
        <Fact title="Partitioned by">{table.partition.join(", ") || "–"}</Fact>
        <Fact title="Checks">
          {table.checks
            ? `${table.checks.passed} passed, ${table.checks.failed} failed, ${table.checks.warned} warned`
            : "none"}
        </Fact>
        {table.owner && <Fact title="Owner">{table.owner}</Fact>}
        <Fact title="Defined in">
          <code>{table.place}</code>
        </Fact>
      </dl>
      <Tabs label="Views of the table" tabs={kTabs} selected={tab} onSelect={setTab} />
      <TableTab tab={tab} table={table} />
    </>
  );
}

function TableTab(props: { tab: string; table: TableDetail }) {
  const { tab, table } = props;
  if (tab === "columns") return <Columns table={table} />;
  if (tab === "versions") return <Versions table={table.table} />;
  if (tab === "checks") return <Checks table={table.table} />;
  if (tab === "rows") return <Rows table={table.table} />;
  if (tab === "sql") {
    return (
      <div className="panel">
        {table.sql ? (
          <Code text={table.sql} language="sql" />
        ) : (
          <Empty title="This table is not made by SQL">
            <p>
              It is defined in <code>{table.place}</code>.
            </p>
          </Empty>
        )}
      </div>
    );
  }
  return (
    <>
      {table.window && <WindowsStrip table={table.table} kind={table.window} />}
      <Neighbours table={table} />
    </>
  );
}

/** What the table is made of and what is made of it, one step each way. */
function Neighbours(props: { table: TableDetail }) {
  const { table } = props;
  const nodes = useMemo(() => {
    const names = [...new Set([...table.inputs, table.table, ...table.outputs])];
    return names.map((name) => ({ id: name, label: name, layer: name.split(".")[0] ?? "" }));
  }, [table]);
  const edges = useMemo(
    () => [
      ...table.inputs.map((from) => ({ from, to: table.table })),
      ...table.outputs.map((to) => ({ from: table.table, to })),
    ],
    [table],
  );
  const longer = Math.max(table.inputs.length, table.outputs.length, 1);
  return (
    <section className="panel" aria-label="Inputs and outputs">
      <div className="panel-head">
        <h2>
          {table.inputs.length} {table.inputs.length === 1 ? "input" : "inputs"},{" "}
          {table.outputs.length} {table.outputs.length === 1 ? "output" : "outputs"}
        </h2>
      </div>
      <div style={{ height: `${Math.min(480, 90 + longer * 52)}px` }} className="table-graph">
        <GraphView
          label="Inputs and outputs"
          nodes={nodes}
          edges={edges}
          selected={table.table}
          onSelect={(name) => name !== table.table && navigate(pageOf.table(name))}
        />
      </div>
    </section>
  );
}

function Columns(props: { table: TableDetail }) {
  return (
    <div className="panel">
      {props.table.columns.length === 0 ? (
        <Empty title="The columns are known once the table has been written" />
      ) : (
        <DataTable
          label="Columns"
          items={props.table.columns}
          keyOf={(column) => column.name}
          columns={[
            { title: "Column", cell: (column) => <strong>{column.name}</strong> },
            { title: "Type", cell: (column) => <code>{column.type}</code> },
            { title: "Null", cell: (column) => (column.nullable ? "may be null" : "never null") },
            {
              title: "Description",
              cell: (column) => column.description || <span className="quiet">–</span>,
            },
          ]}
        />
      )}
    </div>
  );
}

const kVersionColumns: Column<TableVersion>[] = [
  { title: "Version", number: true, cell: (version) => version.version },
  { title: "At", cell: (version) => <Time at={version.at} /> },
  { title: "Age", cell: (version) => <Age at={version.at} /> },
  { title: "Operation", cell: (version) => <span className="tag">{version.operation}</span> },
  {
    title: "Rows added",
    number: true,
    cell: (version) => version.rows_added?.toLocaleString("en") ?? "–",
  },
  {
    title: "Rows removed",
    number: true,
    cell: (version) => version.rows_removed?.toLocaleString("en") ?? "–",
  },
  {
    title: "Run",
    cell: (version) => <RunLink run={version.run_id} row />,
  },
];

function Versions(props: { table: string }) {
  const pages = usePages(
    `versions:${props.table}`,
    (after, signal) => api.versions(props.table, { limit: 50, after }, signal),
    [`table:${props.table}`],
  );
  return (
    <div className="panel">
      <PagedTable
        label="Versions"
        pages={pages}
        columns={kVersionColumns}
        keyOf={(version) => version.version}
        empty={<Empty title="Nothing has been written yet" />}
      />
    </div>
  );
}

const kCheckColumns: Column<CheckResult>[] = [
  { title: "Check", cell: (check) => <strong>{check.name}</strong> },
  { title: "Result", cell: (check) => <StateChip state={check.status} /> },
  { title: "Says", cell: (check) => check.message || <span className="quiet">–</span> },
  { title: "At", cell: (check) => <Age at={check.at} /> },
  {
    title: "Run",
    cell: (check) => <RunLink run={check.run_id} row />,
  },
];

function Checks(props: { table: string }) {
  const checks = useQuery(`checks:${props.table}`, (signal) => api.checks(props.table, signal), [
    `table:${props.table}`,
  ]);
  return (
    <div className="panel">
      <Loaded query={checks} what="list of checks">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No check has run on this table">
              <p>
                Write <code>checks:</code> in its definition, and a <code>check</code> task in a
                pipeline.
              </p>
            </Empty>
          ) : (
            <DataTable
              label="Checks"
              items={items.map((item, index) => ({ ...item, index }))}
              keyOf={(check) => check.index}
              columns={kCheckColumns}
            />
          )
        }
      </Loaded>
    </div>
  );
}

function Rows(props: { table: string }) {
  const rows = useQuery(
    `rows:${props.table}`,
    (signal) => api.rows(props.table, kSampleRows, signal),
    [`table:${props.table}`],
  );
  return (
    <div className="panel">
      <Loaded query={rows} what="sample of rows">
        {(sample) =>
          sample.rows.length === 0 ? (
            <Empty title="The table has no rows" />
          ) : (
            <SampleTable sample={sample} />
          )
        }
      </Loaded>
    </div>
  );
}

function SampleTable(props: { sample: SampleRows }) {
  const { columns, rows } = props.sample;
  const numeric = columns.map((column) =>
    /^(u?(tiny|small|big|huge)?int(eger)?|byte|short|long|float|double|decimal|real|numeric)\b/i.test(
      column.type,
    ),
  );
  return (
    <div className="table-wrap">
      <table className="table sample" aria-label="Sample of rows">
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={column.name} scope="col" className={numeric[index] ? "number" : undefined}>
                {column.name} <span className="quiet">{column.type}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((value, column) => (
                <td key={column} className={numeric[column] ? "number" : undefined}>
                  <SampleValue value={value} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SampleValue(props: { value: unknown }) {
  const { value } = props;
  if (value === null || value === undefined) return <span className="quiet">null</span>;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return (
    <span className="sample-value" title={text.length > 60 ? text : undefined}>
      {text === "" ? <span className="quiet">empty</span> : text}
    </span>
  );
}
