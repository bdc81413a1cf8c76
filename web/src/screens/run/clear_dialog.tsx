import { useEffect, useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import type { ClearedRun, ClearTasks, RunDetail } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Checkbox } from "../../components/field";
import { StateGlyph, stateWord } from "../../components/state";
import { WindowLabel } from "../../components/time";
import { attempt } from "../../components/toast";

/** Runs tasks again. What that touches is asked of the server before anything is done. */
export function ClearDialog(props: { run: RunDetail; task?: string; onClose: () => void }) {
  const { run, task } = props;
  const [failedOnly, setFailedOnly] = useState(task === undefined && run.state === "failed");
  const [upstream, setUpstream] = useState(false);
  const [downstream, setDownstream] = useState(true);
  const [past, setPast] = useState(false);
  const [future, setFuture] = useState(false);
  const [plan, setPlan] = useState<ClearedRun[] | Error | null>(null);
  const [busy, setBusy] = useState(false);
  const request = (dryRun: boolean): ClearTasks => ({
    ...(task === undefined ? {} : { tasks: [task], upstream, downstream }),
    failed_only: failedOnly,
    past,
    future,
    dry_run: dryRun,
  });
  useEffect(() => {
    let asked = true;
    setPlan(null);
    api.clear(run.run_id, request(true)).then(
      (answer) => asked && setPlan(answer.runs),
      (error: unknown) =>
        asked && setPlan(error instanceof Error ? error : new Error(String(error))),
    );
    return () => {
      asked = false;
    };
  }, [run.run_id, task, failedOnly, upstream, downstream, past, future]);
  const runs = Array.isArray(plan) ? plan : [];
  const tasks = runs.reduce((count, each) => count + each.tasks.length, 0);
  const clear = async () => {
    setBusy(true);
    const done = await attempt(
      () => api.clear(run.run_id, request(false)),
      `${tasks} ${tasks === 1 ? "task runs" : "tasks run"} again`,
    );
    setBusy(false);
    cache.changed(new Set([run, ...runs].map((each) => `run:${each.run_id}`)));
    if (done) props.onClose();
  };
  return (
    <Dialog
      title={task === undefined ? "Run tasks again" : `Run ${task} again`}
      onClose={props.onClose}
      onSubmit={() => void clear()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            disabled={busy || plan === null}
            refused={Array.isArray(plan) && tasks === 0 ? "Nothing would run again" : null}
          >
            Run {tasks > 0 ? tasks : ""} again
          </Button>
        </>
      }
    >
      {task !== undefined && (
        <>
          <Checkbox
            label="and all tasks that come after it"
            checked={downstream}
            onChange={setDownstream}
          />
          <Checkbox
            label="and all tasks that it waits for"
            checked={upstream}
            onChange={setUpstream}
          />
        </>
      )}
      <Checkbox
        label="only those that failed, or could not run because others failed"
        checked={failedOnly}
        onChange={setFailedOnly}
      />
      {run.window && (
        <>
          <Checkbox
            label="and the same in the runs of earlier windows"
            checked={past}
            onChange={setPast}
          />
          <Checkbox
            label="and the same in the runs of later windows"
            checked={future}
            onChange={setFuture}
          />
        </>
      )}
      <div aria-live="polite">
        {plan === null ? (
          <span className="quiet">Asking what would run…</span>
        ) : plan instanceof Error ? (
          <div className="banner banner-error">{plan.message}</div>
        ) : tasks === 0 ? (
          <span className="quiet">Nothing would run again.</span>
        ) : (
          <>
            <strong>These would run again:</strong>
            <div className="clear-list">
              {runs.map((each) => (
                <section key={each.run_id}>
                  {(past || future) && <WindowLabel window={each.window} />}
                  <ul>
                    {each.tasks.map(({ task: name, state }) => (
                      <li key={name} className="row">
                        <StateGlyph state={state} /> {name}
                        <span className="quiet">{stateWord(state)}</span>
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
