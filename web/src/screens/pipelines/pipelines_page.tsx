import { useMemo, useState } from "react";
import { useAllPipelines } from "../../api/lists";
import { useMay } from "../../api/session";
import type { Pipeline } from "../../api/types";
import { Button } from "../../components/button";
import { DataTable, type Column } from "../../components/data_table";
import { Empty, Loaded } from "../../components/notice";
import { isActive, RunBars } from "../../components/run_bars";
import { StateChip } from "../../components/state";
import { Link, pageOf, useSearchValue } from "../../router";
import { scheduleInWords } from "../../time/schedule_words";
import { NextRun } from "./next_run";
import { PauseSwitch } from "./pause_switch";
import { useTitle } from "../../components/title";
import { TriggerDialog } from "../pipeline/trigger_dialog";

const kFilters = ["all", "active", "failed", "paused"] as const;

export function PipelinesPage() {
  useTitle("Pipelines");
  const pipelines = useAllPipelines();
  return (
    <>
      <h1>Pipelines</h1>
      <Loaded query={pipelines} what="list of pipelines" rows={8}>
        {(all) => <PipelineList all={all} />}
      </Loaded>
    </>
  );
}

function passes(pipeline: Pipeline, filter: string): boolean {
  if (filter === "active") return pipeline.recent_runs.some(isActive);
  if (filter === "paused") return pipeline.paused;
  if (filter === "failed")
    return pipeline.recent_runs.find((run) => run.ended_at !== null)?.state === "failed";
  return true;
}

function PipelineList(props: { all: Pipeline[] }) {
  const [text, setText] = useSearchValue("q");
  const [filter, setFilter] = useSearchValue("show", "all");
  const [tag, setTag] = useSearchValue("tag");
  const [starting, setStarting] = useState<string | null>(null);
  const mayStart = useMay("operator");
  const tags = useMemo(
    () => [...new Set(props.all.flatMap((pipeline) => pipeline.tags))].sort(),
    [props.all],
  );
  const wanted = text.trim().toLowerCase();
  const shown = props.all.filter(
    (pipeline) =>
      passes(pipeline, filter) &&
      (tag === "" || pipeline.tags.includes(tag)) &&
      `${pipeline.name} ${pipeline.owner} ${pipeline.description}`.toLowerCase().includes(wanted),
  );
  const columns: Column<Pipeline>[] = [
    {
      title: "On",
      cell: (pipeline) => <PauseSwitch name={pipeline.name} paused={pipeline.paused} />,
    },
    {
      title: "Pipeline",
      className: "pipelines-name",
      cell: (pipeline) => (
        <>
          <div className="row">
            <Link href={pageOf.pipeline(pipeline.name)} data-nav-row>
              <strong>{pipeline.name}</strong>
            </Link>
            {pipeline.tags.map((each) => (
              <button key={each} type="button" className="tag" onClick={() => setTag(each)}>
                {each}
              </button>
            ))}
          </div>
          <div className="quiet pipelines-text">{pipeline.description}</div>
          {pipeline.problem && <div className="pipelines-text problem">{pipeline.problem}</div>}
        </>
      ),
    },
    {
      title: "Schedule",
      cell: (pipeline) => (
        <>
          <div title={pipeline.schedule.text}>{scheduleInWords(pipeline.schedule)}</div>
          <div className="quiet">
            <NextRun pipeline={pipeline} />
          </div>
        </>
      ),
    },
    { title: "Last runs", cell: (pipeline) => <RunBars runs={pipeline.recent_runs} /> },
    { title: "State", cell: (pipeline) => <LastState pipeline={pipeline} /> },
    {
      title: "Owner",
      className: "nowrap",
      wideOnly: true,
      cell: (pipeline) => pipeline.owner || <span className="quiet">–</span>,
    },
    { title: "Tasks", number: true, wideOnly: true, cell: (pipeline) => pipeline.task_count },
    {
      title: "",
      number: true,
      cell: (pipeline) => (
        <Button
          aria-label={`Start ${pipeline.name}`}
          refused={mayStart ? null : "Starting a run needs the role operator"}
          onClick={() => setStarting(pipeline.name)}
        >
          Start
        </Button>
      ),
    },
  ];
  return (
    <>
      <div className="row">
        <input
          className="input search"
          type="search"
          placeholder="Filter by name, owner, text"
          aria-label="Filter pipelines"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {kFilters.map((each) => (
          <Button
            key={each}
            look={each === filter ? "primary" : "plain"}
            aria-pressed={each === filter}
            onClick={() => setFilter(each)}
          >
            {each} {props.all.filter((pipeline) => passes(pipeline, each)).length}
          </Button>
        ))}
        {tags.length > 0 && (
          <select
            className="input search"
            aria-label="Tag"
            value={tag}
            onChange={(event) => setTag(event.target.value)}
          >
            <option value="">any tag</option>
            {tags.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        )}
      </div>
      <div className="panel">
        {shown.length > 0 ? (
          <DataTable
            label="Pipelines"
            columns={columns}
            items={shown}
            keyOf={(each) => each.name}
          />
        ) : props.all.length === 0 ? (
          <Empty title="There are no pipelines yet">
            <p>
              A file under <code>pipelines/</code> of the project makes one.
            </p>
          </Empty>
        ) : (
          <Empty title="No pipeline is so" />
        )}
      </div>
      {starting !== null && <TriggerDialog pipeline={starting} onClose={() => setStarting(null)} />}
    </>
  );
}

function LastState(props: { pipeline: Pipeline }) {
  const newest = props.pipeline.recent_runs[0];
  if (!newest) return <span className="quiet">–</span>;
  return (
    <Link href={pageOf.run(newest.run_id)}>
      <StateChip state={newest.state} />
    </Link>
  );
}
