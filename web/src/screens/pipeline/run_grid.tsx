import { useMemo } from "react";
import { api } from "../../api/endpoints";
import { live } from "../../api/live";
import { pooled } from "../../api/pooled";
import { useQuery } from "../../api/query";
import type { PipelineDetail, Run, RunDetail } from "../../api/types";
import { Empty, Loaded } from "../../components/notice";
import { runLength } from "../../components/run_bars";
import { StateGlyph, stateWord } from "../../components/state";
import { Link, pageOf, useSearchValue } from "../../router";
import { useSettings } from "../../settings";
import { formatDuration, formatTime, formatWindow } from "../../time/format";
import { cellOf, gridRows } from "./grid_model";

const kRequestsMax = 4;
const kLabelEvery = 6;
const kEndedMax = 400;
/** Runs that have ended: they change only when tasks are cleared or marked, which an event tells. */
const endedRuns = new Map<string, RunDetail>();
live.onEvent(({ kind, run_id }) => {
  if (kind === "reset") endedRuns.clear();
  else if (run_id) endedRuns.delete(run_id);
});

async function loadRuns(pipeline: string, count: number, signal: AbortSignal) {
  const page = await api.runs({ pipeline, limit: count }, signal);
  return pooled(page.items, kRequestsMax, (run) => loadRun(run, signal));
}

async function loadRun(run: Run, signal: AbortSignal): Promise<RunDetail> {
  const kept = endedRuns.get(run.run_id);
  if (kept && kept.ended_at === run.ended_at && kept.state === run.state) return kept;
  const detail = await api.run(run.run_id, signal);
  if (detail.ended_at !== null) {
    if (endedRuns.size >= kEndedMax) endedRuns.delete(endedRuns.keys().next().value!);
    endedRuns.set(detail.run_id, detail);
  }
  return detail;
}

/** Runs from left (oldest) to right, a square a task: the view that users of Airflow know. */
export function RunGrid(props: { pipeline: PipelineDetail }) {
  const { name } = props.pipeline;
  const [count, setCount] = useSearchValue("runs", "25");
  const runs = useQuery(
    `grid:${name}:${count}`,
    (signal) => loadRuns(name, Number(count) || 25, signal),
    [`pipeline:${name}`],
  );
  return (
    <>
      <div className="panel-head">
        <Legend />
        <label className="row">
          Runs
          <select
            className="input grid-count"
            value={count}
            onChange={(event) => setCount(event.target.value)}
          >
            {["10", "25", "50", "100"].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <Loaded query={runs} what="grid of runs">
        {(data) =>
          data.length === 0 ? (
            <Empty title="Nothing has run yet">
              <p>Start the pipeline by hand, or wait for its schedule.</p>
            </Empty>
          ) : (
            <Grid pipeline={props.pipeline} runs={data} />
          )
        }
      </Loaded>
    </>
  );
}

function Grid(props: { pipeline: PipelineDetail; runs: RunDetail[] }) {
  const { zone } = useSettings();
  const rows = useMemo(() => gridRows(props.pipeline, props.runs), [props.pipeline, props.runs]);
  const runs = [...props.runs].reverse();
  const longest = Math.max(1, ...runs.map(runLength));
  const describe = (run: RunDetail) =>
    `${formatWindow(run.window, zone) || formatTime(run.queued_at, zone)} · ${stateWord(run.state)} · ${formatDuration(runLength(run))} · ${run.cause}`;
  return (
    <div className="grid-wrap">
      <table className="grid" aria-label="Runs and their tasks">
        <thead>
          <tr>
            <th scope="col" className="grid-corner">
              <span className="quiet">{formatDuration(longest)}</span>
            </th>
            {runs.map((run) => (
              <th key={run.run_id} scope="col" className="grid-run">
                <Link
                  href={pageOf.run(run.run_id)}
                  title={describe(run)}
                  aria-label={describe(run)}
                  className="grid-bar-link"
                >
                  <span
                    className={`bar state-${run.state}`}
                    style={{ height: `${Math.round(4 + 56 * (runLength(run) / longest))}px` }}
                  />
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((definition) => (
            <tr key={definition}>
              <th scope="row" className="grid-task">
                {definition}
              </th>
              {runs.map((run) => (
                <td key={run.run_id} className="grid-cell">
                  <Square run={run} definition={definition} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th />
            {runs.map((run, index) => (
              <td key={run.run_id} className="grid-when">
                {index % kLabelEvery === 0 && (
                  <span>
                    {formatTime(run.window?.start ?? run.queued_at, zone, false).slice(5)}
                  </span>
                )}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Square(props: { run: RunDetail; definition: string }) {
  const cell = cellOf(props.run, props.definition);
  if (!cell) return <span className="square square-none" title="not part of this run" />;
  const first = cell.tasks.find((task) => task.state === cell.state)!;
  const many = cell.tasks.length > 1 ? ` (${cell.tasks.length} tasks)` : "";
  const note = first.note ? ` · ${first.note}` : "";
  const label = `${props.definition}: ${stateWord(cell.state)}${many}${note}`;
  return (
    <Link
      href={pageOf.run(props.run.run_id, { task: first.task })}
      className={`square state-${cell.state}`}
      title={label}
      aria-label={label}
    >
      {cell.state === "failed" ? "×" : cell.tasks.length > 1 ? "≡" : ""}
    </Link>
  );
}

const kLegend = [
  "success",
  "running",
  "failed",
  "upstream_failed",
  "up_for_retry",
  "skipped",
  "queued",
  "waiting",
];

function Legend() {
  return (
    <div className="row grid-legend">
      {kLegend.map((state) => (
        <span key={state} className="row quiet">
          <StateGlyph state={state} /> {stateWord(state)}
        </span>
      ))}
    </div>
  );
}
