import { useMemo, useState } from "react";
import { api } from "../../api/endpoints";
import { useQuery } from "../../api/query";
import { useMay } from "../../api/session";
import type { PipelineDetail } from "../../api/types";
import { Button } from "../../components/button";
import { Code } from "../../components/code";
import { DataTable } from "../../components/data_table";
import { Fact } from "../../components/fact";
import { Loaded } from "../../components/notice";
import { isActive, RunBars } from "../../components/run_bars";
import { Tabs } from "../../components/tabs";
import { useTitle } from "../../components/title";
import { GraphView } from "../../graph/graph_view";
import { Link, pageOf, useSearchValue } from "../../router";
import { scheduleInWords } from "../../time/schedule_words";
import { BackfillDialog } from "../backfills/backfill_dialog";
import { NextRun } from "../pipelines/next_run";
import { PauseSwitch } from "../pipelines/pause_switch";
import { RunsTable } from "../runs/runs_page";
import { RunGrid } from "./run_grid";
import { TriggerDialog } from "./trigger_dialog";
import "./pipeline.css";

const kTabs = [
  { id: "grid", title: "Grid" },
  { id: "graph", title: "Graph" },
  { id: "runs", title: "Runs" },
  { id: "tasks", title: "Tasks" },
  { id: "definition", title: "Definition" },
] as const;

export function PipelinePage(props: { name: string }) {
  const pipeline = useQuery(
    `pipeline:${props.name}`,
    (signal) => api.pipeline(props.name, signal),
    [`pipeline:${props.name}`],
  );
  return (
    <Loaded query={pipeline} what={`pipeline ${props.name}`} rows={9}>
      {(data) => <PipelineBody pipeline={data} />}
    </Loaded>
  );
}

function PipelineBody(props: { pipeline: PipelineDetail }) {
  const { pipeline } = props;
  useTitle(pipeline.name);
  const [tab, setTab] = useSearchValue("tab", "grid");
  const [open, setOpen] = useState<"start" | "backfill" | null>(null);
  const refused = useMay("operator") ? null : "This needs the role operator";
  const hasFile = pipeline.source.file !== "";
  const tabs = hasFile ? kTabs : kTabs.filter((each) => each.id !== "definition");
  return (
    <>
      <div className="row-between">
        <div className="row">
          <h1>{pipeline.name}</h1>
          {hasFile && <PauseSwitch name={pipeline.name} paused={pipeline.paused} />}
          {pipeline.paused && <span className="tag">paused</span>}
          {pipeline.tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </div>
        <div className="row">
          {pipeline.window && (
            <Button refused={refused} onClick={() => setOpen("backfill")}>
              Backfill…
            </Button>
          )}
          <Button look="primary" refused={refused} onClick={() => setOpen("start")}>
            Start…
          </Button>
        </div>
      </div>
      {pipeline.problem && (
        <div className="banner banner-error" role="alert">
          <span>It cannot run: {pipeline.problem}</span>
        </div>
      )}
      {pipeline.description && <p className="quiet">{pipeline.description}</p>}
      {!hasFile && <p className="quiet">Tables of a selection, as backfills build them.</p>}
      <dl className="fact-row">
        <Fact title="Schedule">{scheduleInWords(pipeline.schedule)}</Fact>
        <Fact title="Next">
          {pipeline.schedule.kind === "none" ? "–" : <NextRun pipeline={pipeline} whole />}
        </Fact>
        <Fact title="Window">{pipeline.window ?? "none"}</Fact>
        <Fact title="Owner">{pipeline.owner || "–"}</Fact>
        <Fact title="Active runs">
          {pipeline.recent_runs.filter(isActive).length} of {pipeline.active_runs} at most
        </Fact>
        <Fact title="Last runs">
          <RunBars runs={pipeline.recent_runs} />
        </Fact>
      </dl>
      <Tabs label="Views of the pipeline" tabs={tabs} selected={tab} onSelect={setTab} />
      <div className="panel">
        <PipelineTab tab={tab} pipeline={pipeline} />
      </div>
      {open === "start" && <TriggerDialog pipeline={pipeline.name} onClose={() => setOpen(null)} />}
      {open === "backfill" && (
        <BackfillDialog pipeline={pipeline.name} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

function PipelineTab(props: { tab: string; pipeline: PipelineDetail }) {
  const { tab, pipeline } = props;
  if (tab === "graph") return <DefinitionGraph pipeline={pipeline} />;
  if (tab === "runs") return <RunsTable pipeline={pipeline.name} state="" />;
  if (tab === "tasks") return <TaskDefinitions pipeline={pipeline} />;
  if (tab === "definition") {
    return (
      <>
        <div className="panel-head">
          <code>{pipeline.source.file}</code>
        </div>
        <Code text={pipeline.source.text} language="yaml" />
      </>
    );
  }
  return <RunGrid pipeline={pipeline} />;
}

/** The tasks as they are defined, with the state that each has in the newest run. */
function DefinitionGraph(props: { pipeline: PipelineDetail }) {
  const { pipeline } = props;
  const [task, setTask] = useSearchValue("task");
  const newest = pipeline.recent_runs[0]?.run_id ?? null;
  const run = useQuery(
    newest && `run:${newest}`,
    (signal) => api.run(newest ?? "", signal),
    newest ? [`run:${newest}`] : [],
  );
  const nodes = useMemo(() => {
    const states = new Map(run.data?.tasks.map((each) => [each.task, each.state]));
    return pipeline.tasks.map((each) => ({
      id: each.task,
      label: each.task,
      detail: each.work,
      state: states.get(each.task),
    }));
  }, [pipeline, run.data]);
  const edges = useMemo(
    () => pipeline.tasks.flatMap((each) => each.after.map((from) => ({ from, to: each.task }))),
    [pipeline],
  );
  const chosen = pipeline.tasks.find((each) => each.task === task);
  return (
    <div className="pipeline-graph">
      <GraphView
        label={`Tasks of ${pipeline.name}`}
        nodes={nodes}
        edges={edges}
        selected={task}
        onSelect={(id) => setTask(id === task ? "" : id)}
      />
      <div className="panel-body">
        {chosen ? (
          <dl className="facts">
            <dt>Task</dt>
            <dd>
              <strong>{chosen.task}</strong> <span className="tag">{chosen.kind}</span>
            </dd>
            <dt>Does</dt>
            <dd className="mono">{chosen.work}</dd>
            <dt>After</dt>
            <dd>
              {chosen.after.join(", ") || "–"} <span className="quiet">({chosen.when})</span>
            </dd>
            {newest && (
              <>
                <dt>Newest run</dt>
                <dd>
                  <Link href={pageOf.run(newest, { task: chosen.task })}>{newest}</Link>
                </dd>
              </>
            )}
          </dl>
        ) : (
          <span className="quiet">
            {newest
              ? "The colours are those of the newest run. Choose a task to see what it does."
              : "Choose a task to see what it does."}
          </span>
        )}
      </div>
    </div>
  );
}

function TaskDefinitions(props: { pipeline: PipelineDetail }) {
  return (
    <DataTable
      label="Tasks"
      items={props.pipeline.tasks}
      keyOf={(task) => task.task}
      columns={[
        { title: "Task", cell: (task) => <strong>{task.task}</strong> },
        { title: "Kind", cell: (task) => <span className="tag">{task.kind}</span> },
        { title: "Does", cell: (task) => <span className="mono">{task.work}</span> },
        { title: "After", cell: (task) => task.after.join(", ") || "–" },
        { title: "When", wideOnly: true, cell: (task) => task.when },
        { title: "Pool", wideOnly: true, cell: (task) => task.pool },
        { title: "Priority", number: true, wideOnly: true, cell: (task) => task.priority },
        { title: "Retries", number: true, wideOnly: true, cell: (task) => task.retries },
      ]}
    />
  );
}
