import { useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import { useMay } from "../../api/session";
import type { Attempt, RunDetail, RunTask } from "../../api/types";
import { Button } from "../../components/button";
import { Empty } from "../../components/notice";
import { StateChip, StateGlyph, stateWord } from "../../components/state";
import { Age, Time, Took } from "../../components/time";
import { attempt as carryOut } from "../../components/toast";
import { setSearchValues, useSearchValue } from "../../router";
import { ClearDialog } from "./clear_dialog";
import { copiesOf, itemText } from "./copies";
import { LogView } from "./log_view";

const kUnfinished = ["waiting", "queued", "up_for_retry", "up_for_reschedule"];

/** One task of a run: why it waits, its attempts, the log. */
export function TaskPanel(props: { run: RunDetail; task: RunTask }) {
  const { run, task } = props;
  const [asked, setAsked] = useSearchValue("attempt");
  const attempts = task.attempts;
  const shown = attempts.find((each) => String(each.attempt) === asked) ?? attempts.at(-1);
  return (
    <>
      <div className="panel-head">
        <div className="row">
          <h2>{task.task}</h2>
          <StateChip state={task.state} />
        </div>
        <TaskActions run={run} task={task} />
      </div>
      <div className="panel-body stack">
        {task.note && task.note !== shown?.message && (
          <p className={kUnfinished.includes(task.state) ? "why why-waiting" : "why"}>
            {kUnfinished.includes(task.state) && <strong>Why it waits: </strong>}
            {task.note}
          </p>
        )}
        <dl className="facts">
          <dt>Does</dt>
          <dd className="mono">{task.work}</dd>
          {task.copy_of && (
            <>
              <dt>Item</dt>
              <dd className="mono">{itemText(task.item)}</dd>
            </>
          )}
          {task.items && (
            <>
              <dt>A copy for each of</dt>
              <dd className="mono">{task.items}</dd>
            </>
          )}
          <dt>{stateWord(task.state)} since</dt>
          <dd>
            <Time at={task.since} /> (<Age at={task.since} />)
          </dd>
          {task.after.length > 0 && (
            <>
              <dt>After</dt>
              <dd>{task.after.join(", ")}</dd>
            </>
          )}
          {task.retry_at && (
            <>
              <dt>Next attempt</dt>
              <dd>
                <Age at={task.retry_at} />
              </dd>
            </>
          )}
          <dt>Pool</dt>
          <dd>
            {task.pool || "–"}, priority {task.priority}
          </dd>
        </dl>
        {attempts.length > 1 && (
          <div className="row" role="group" aria-label="Attempts">
            {attempts.map((each) => (
              <Button
                key={each.attempt}
                aria-pressed={each === shown}
                look={each === shown ? "primary" : "plain"}
                onClick={() => setAsked(String(each.attempt))}
              >
                Attempt {each.attempt}: {stateWord(each.state)}
              </Button>
            ))}
          </div>
        )}
        {shown && <AttemptFacts attempt={shown} />}
      </div>
      {shown ? (
        <LogView
          run={run.run_id}
          task={task.task}
          attempt={shown.attempt}
          running={shown.ended === null}
        />
      ) : hasCopies(run, task) ? (
        <Copies run={run} task={task} />
      ) : (
        <Empty title="No attempt yet">
          <p>The log is shown here as soon as the task begins.</p>
        </Empty>
      )}
    </>
  );
}

const kCopiesShown = 100;

/** The copies of a task, those that want to be looked at first. */
function Copies(props: { run: RunDetail; task: RunTask }) {
  const order = ["failed", "running", "up_for_retry"];
  const rank = (copy: RunTask) =>
    (order.indexOf(copy.state) + order.length + 1) % (order.length + 1);
  const copies = copiesOf(props.run.tasks).get(props.task.task)!;
  const shown = [...copies].sort((a, b) => rank(a) - rank(b)).slice(0, kCopiesShown);
  return (
    <ul className="panel-body stack run-copies" aria-label={`Copies of ${props.task.task}`}>
      {shown.map((copy) => (
        <li key={copy.task} className="row">
          <StateGlyph state={copy.state} label={stateWord(copy.state)} />
          <button
            type="button"
            className="link"
            onClick={() => setSearchValues({ task: copy.task, attempt: null })}
          >
            {copy.task}
          </button>
          <span className="mono clip">{itemText(copy.item)}</span>
        </li>
      ))}
      {copies.length > shown.length && (
        <li className="quiet">
          {shown.length} of {copies.length} are shown; the list of tasks has all.
        </li>
      )}
    </ul>
  );
}

function hasCopies(run: RunDetail, task: RunTask): boolean {
  return run.tasks.some((each) => each.copy_of === task.task);
}

function AttemptFacts(props: { attempt: Attempt }) {
  const { attempt } = props;
  const bad = ["failed", "timed_out", "lost"].includes(attempt.state);
  return (
    <div className="stack attempt">
      <span>
        <StateGlyph state={attempt.state} /> Attempt {attempt.attempt}: {stateWord(attempt.state)},
        began <Time at={attempt.started} />, took <Took from={attempt.started} to={attempt.ended} />
      </span>
      {bad && attempt.message && (
        <pre className="banner banner-error message">{attempt.message}</pre>
      )}
    </div>
  );
}

function TaskActions(props: { run: RunDetail; task: RunTask }) {
  const { run, task } = props;
  const [clearing, setClearing] = useState(false);
  const refused = useMay("operator") ? null : "This needs the role operator";
  const mark = async (state: "success" | "failed" | "skipped") => {
    await carryOut(
      () => api.mark(run.run_id, task.task, state),
      `${task.task} is marked as ${state}`,
    );
    cache.changed(new Set([`run:${run.run_id}`]));
  };
  return (
    <div className="row">
      <Button refused={refused} onClick={() => setClearing(true)}>
        Run again…
      </Button>
      <select
        className="input mark"
        aria-label={`Mark ${task.task}`}
        value=""
        disabled={Boolean(refused)}
        title={refused ?? undefined}
        onChange={(event) => void mark(event.target.value as "success" | "failed" | "skipped")}
      >
        <option value="" disabled>
          Mark as
        </option>
        <option value="success">success</option>
        <option value="failed">failed</option>
        <option value="skipped">skipped</option>
      </select>
      {clearing && <ClearDialog run={run} task={task.task} onClose={() => setClearing(false)} />}
    </div>
  );
}
