import { api } from "../../api/endpoints";
import { useAllPipelines } from "../../api/lists";
import { usePages } from "../../api/query";
import type { Run } from "../../api/types";
import { PagedTable, type Column } from "../../components/data_table";
import { Empty } from "../../components/notice";
import { RunLink } from "../../components/run_link";
import { StateChip } from "../../components/state";
import { Age, RunTook, WindowLabel } from "../../components/time";
import { useTitle } from "../../components/title";
import { Link, pageOf, useSearchValue } from "../../router";

const kStates = ["queued", "running", "success", "failed", "cancelled", "interrupted"];
const kPageLimit = 50;

export function RunsPage() {
  useTitle("Runs");
  const [pipeline, setPipeline] = useSearchValue("pipeline");
  const [state, setState] = useSearchValue("state");
  const names = useAllPipelines().data?.map((each) => each.name) ?? [];
  return (
    <>
      <h1>Runs</h1>
      <div className="row">
        <select
          className="input search"
          aria-label="Pipeline"
          value={pipeline}
          onChange={(event) => setPipeline(event.target.value)}
        >
          <option value="">any pipeline</option>
          {[...new Set([...names, ...(pipeline ? [pipeline] : [])])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select
          className="input search"
          aria-label="State"
          value={state}
          onChange={(event) => setState(event.target.value)}
        >
          <option value="">any state</option>
          {kStates.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
      <div className="panel">
        <RunsTable pipeline={pipeline} state={state} />
      </div>
    </>
  );
}

/** Runs, newest first; of one pipeline when it is given. */
export function RunsTable(props: { pipeline: string; state: string }) {
  const pages = usePages(
    `runs?${props.pipeline}&${props.state}`,
    (after, signal) =>
      api.runs({ pipeline: props.pipeline, state: props.state, limit: kPageLimit, after }, signal),
    ["runs"],
  );
  const columns: Column<Run>[] = [
    {
      title: "Run",
      cell: (run) => <RunLink run={run.run_id} row />,
    },
    ...(props.pipeline === ""
      ? [
          {
            title: "Pipeline",
            cell: (run: Run) => <Link href={pageOf.pipeline(run.pipeline)}>{run.pipeline}</Link>,
          },
        ]
      : []),
    { title: "State", cell: (run) => <StateChip state={run.state} /> },
    { title: "Data of", cell: (run) => <WindowLabel window={run.window} /> },
    { title: "Cause", wideOnly: true, cell: (run) => run.cause },
    { title: "Queued", cell: (run) => <Age at={run.queued_at} /> },
    {
      title: "Took",
      number: true,
      cell: (run) => <RunTook run={run} />,
    },
    { title: "By", wideOnly: true, cell: (run) => run.by || <span className="quiet">–</span> },
    {
      title: "Note",
      wideOnly: true,
      className: "clip",
      cell: (run) =>
        run.note ? <span title={run.note}>{run.note}</span> : <span className="quiet">–</span>,
    },
  ];
  return (
    <PagedTable
      label="Runs"
      columns={columns}
      pages={pages}
      keyOf={(run) => run.run_id}
      empty={
        <Empty title={props.state || props.pipeline ? "No run is so" : "Nothing has run yet"}>
          <p>
            Start one from the <Link href={pageOf.pipelines()}>list of pipelines</Link>.
          </p>
        </Empty>
      }
    />
  );
}
