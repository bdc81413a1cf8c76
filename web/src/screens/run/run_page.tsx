import { useEffect } from "react";
import { ApiProblem } from "../../api/client";
import { api } from "../../api/endpoints";
import { useQuery } from "../../api/query";
import type { RunDetail } from "../../api/types";
import { Button } from "../../components/button";
import { Fact } from "../../components/fact";
import { Empty, Loaded } from "../../components/notice";
import { StateChip, stateWord } from "../../components/state";
import { Tabs } from "../../components/tabs";
import { RunTook, Time, WindowLabel } from "../../components/time";
import { useTitle } from "../../components/title";
import { GraphView } from "../../graph/graph_view";
import { Link, navigate, pageOf, setSearchValues, useSearchValue } from "../../router";
import { shortCode } from "../../time/format";
import { copiesOf, countedTasks, itemText, unfolded } from "./copies";
import { Gantt } from "./gantt";
import { RunActions } from "./run_actions";
import { TaskPanel } from "./task_panel";
import { TaskTable } from "./task_table";
import "./run.css";

const kTabs = [
  { id: "gantt", title: "Gantt" },
  { id: "graph", title: "Graph" },
  { id: "tasks", title: "Tasks" },
  { id: "details", title: "Details" },
] as const;

export function RunPage(props: { id: string }) {
  const run = useQuery(`run:${props.id}`, (signal) => api.run(props.id, signal), [
    `run:${props.id}`,
  ]);
  return (
    <>
      {run.error instanceof ApiProblem && run.error.status === 404 && <Lookup start={props.id} />}
      <Loaded query={run} what={`run ${props.id}`} rows={9}>
        {(data) => <RunBody run={data} />}
      </Loaded>
    </>
  );
}

/** People write the start of an id: the newest run that begins so is gone to. */
function Lookup(props: { start: string }) {
  const { start } = props;
  const runs = useQuery(`lookup:${start}`, (signal) => api.runs({ limit: 500 }, signal));
  const found = runs.data?.items.find((run) => run.run_id.startsWith(start));
  useEffect(() => {
    if (found) navigate(pageOf.run(found.run_id), { replace: true });
  }, [found]);
  return null;
}

/** The task that a person wants to see first: what failed, what runs, else none. */
export function firstTask(run: RunDetail): string {
  const tasks = countedTasks(run);
  const by = (state: string) => tasks.find((task) => task.state === state)?.task;
  return by("failed") ?? by("up_for_retry") ?? by("running") ?? "";
}

function RunBody(props: { run: RunDetail }) {
  const { run } = props;
  useTitle(run.pipeline, run.state);
  const [tab, setTab] = useSearchValue("tab", "gantt");
  const [asked] = useSearchValue("task");
  const selected = asked !== "" ? asked : firstTask(run);
  const task = run.tasks.find((each) => each.task === selected);
  const [opened, setOpened] = useSearchValue("open");
  const chosen = opened.split(" ").filter(Boolean);
  // Of a copy that is shown the others are there too.
  const open = new Set(task?.copy_of ? [...chosen, task.copy_of] : chosen);
  const toggle = (name: string) =>
    setOpened(
      (chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]).join(
        " ",
      ),
    );
  const select = (name: string) => setSearchValues({ task: name, attempt: null });
  return (
    <>
      <RunHead run={run} />
      <div className="run-body">
        <div className="run-views">
          <Tabs label="Views of the run" tabs={kTabs} selected={tab} onSelect={setTab} />
          <div className="panel">
            <Groups run={run} open={open} onToggle={toggle} />
            <RunTab tab={tab} run={run} open={open} selected={selected} onSelect={select} />
          </div>
        </div>
        <aside className="panel run-task" aria-label="Task">
          {task ? (
            <TaskPanel key={task.task} run={run} task={task} />
          ) : (
            <Empty title={asked ? `This run has no task ${asked}` : "Choose a task"}>
              {!asked && <p>Its attempts, its log and what it waits for are shown here.</p>}
            </Empty>
          )}
        </aside>
      </div>
    </>
  );
}

function RunHead(props: { run: RunDetail }) {
  const { run } = props;
  const waiting = run.tasks.filter((task) => ["waiting", "queued"].includes(task.state));
  const counted = countedTasks(run);
  const done = counted.filter((task) => ["success", "skipped"].includes(task.state)).length;
  return (
    <>
      <div className="row-between">
        <div className="row">
          <h1>
            <Link href={pageOf.pipeline(run.pipeline)}>{run.pipeline}</Link>
          </h1>
          <StateChip state={run.state} />
          <WindowLabel window={run.window} none="" />
        </div>
        <RunActions run={run} />
      </div>
      <dl className="fact-row">
        <Fact title="Run">
          <code>{run.run_id}</code>
        </Fact>
        <Fact title="Cause">
          {run.cause}
          {run.by && ` by ${run.by}`}
          {run.backfill && (
            <>
              {" · "}
              <Link href={pageOf.backfill(run.backfill)}>backfill {run.backfill.slice(0, 13)}</Link>
            </>
          )}
        </Fact>
        <Fact title="Queued">
          <Time at={run.queued_at} />
        </Fact>
        <Fact title="Took">
          <RunTook run={run} />
        </Fact>
        <Fact title="Tasks">
          {done} of {counted.length} done
        </Fact>
        <Fact title="Code">
          <code title={run.code_version}>{shortCode(run.code_version) || "–"}</code>
        </Fact>
      </dl>
      {run.state === "interrupted" && (
        <div className="banner">
          Nobody carries this run out: a server that starts goes on with it.
        </div>
      )}
      {run.cancelled && <div className="banner">Cancelled: {run.cancelled}</div>}
      {run.note && <div className="banner run-note">{run.note}</div>}
      {run.ended_at === null && run.state === "queued" && waiting[0]?.note && (
        <div className="banner">{waiting[0].note}</div>
      )}
    </>
  );
}

/** The tasks with copies, each a switch that shows or folds these. */
function Groups(props: {
  run: RunDetail;
  open: ReadonlySet<string>;
  onToggle: (task: string) => void;
}) {
  const copies = copiesOf(props.run.tasks);
  if (copies.size === 0) return null;
  return (
    <div className="row panel-body" role="group" aria-label="Tasks with copies">
      {[...copies].map(([name, own]) => (
        <Button
          key={name}
          aria-pressed={props.open.has(name)}
          look={props.open.has(name) ? "primary" : "plain"}
          onClick={() => props.onToggle(name)}
        >
          {name}: {own.length === 1 ? "1 copy" : `${own.length} copies`}
        </Button>
      ))}
    </div>
  );
}

function RunTab(props: {
  tab: string;
  run: RunDetail;
  open: ReadonlySet<string>;
  selected: string;
  onSelect: (task: string) => void;
}) {
  const { tab, run, open, selected, onSelect } = props;
  if (run.tasks.length === 0) return <Empty title="This run has no tasks yet" />;
  if (tab === "graph")
    return <RunGraph run={run} open={open} selected={selected} onSelect={onSelect} />;
  if (tab === "tasks") return <TaskTable run={run} open={open} onSelect={onSelect} />;
  if (tab === "details") return <Details run={run} />;
  return <Gantt run={run} open={open} selected={selected} onSelect={onSelect} />;
}

function RunGraph(props: {
  run: RunDetail;
  open: ReadonlySet<string>;
  selected: string;
  onSelect: (task: string) => void;
}) {
  const tasks = unfolded(props.run.tasks, props.open);
  const nodes = tasks.map((task) => ({
    id: task.task,
    label: task.task,
    detail: task.copy_of ? itemText(task.item) : task.work,
    state: task.state,
  }));
  const edges = tasks.flatMap((task) =>
    (task.copy_of ? [task.copy_of] : task.after).map((from) => ({ from, to: task.task })),
  );
  return (
    <div className="run-graph">
      <GraphView
        label="Tasks of the run"
        nodes={nodes}
        edges={edges}
        selected={props.selected}
        onSelect={props.onSelect}
      />
    </div>
  );
}

function Details(props: { run: RunDetail }) {
  const { run } = props;
  return (
    <dl className="facts panel-body">
      <dt>State</dt>
      <dd>{stateWord(run.state)}</dd>
      <dt>Environment</dt>
      <dd>{run.environment || "–"}</dd>
      <dt>Lake</dt>
      <dd className="mono">{run.lake}</dd>
      <dt>Window</dt>
      <dd>
        {run.window ? (
          <code>
            {run.window.start} to {run.window.end}
          </code>
        ) : (
          "none"
        )}
      </dd>
      <dt>Queued, started, ended</dt>
      <dd>
        <Time at={run.queued_at} /> · <Time at={run.started_at} /> · <Time at={run.ended_at} />
      </dd>
      <dt>Everything again</dt>
      <dd>{run.full ? "yes" : "no, what is up to date is left"}</dd>
      <dt>Parameters</dt>
      <dd>
        {Object.keys(run.params).length === 0 ? (
          "defaults"
        ) : (
          <pre className="mono">{JSON.stringify(run.params, null, 2)}</pre>
        )}
      </dd>
      <dt>Code version</dt>
      <dd className="mono">{run.code_version}</dd>
      <dt>Note</dt>
      <dd>{run.note || "–"}</dd>
    </dl>
  );
}
