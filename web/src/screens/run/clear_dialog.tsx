import { useEffect, useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import type { ClearTasks, RunDetail } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Checkbox } from "../../components/field";
import { StateGlyph, stateWord } from "../../components/state";
import { attempt } from "../../components/toast";

/** Runs tasks again. What that touches is asked of the server before anything is done. */
export function ClearDialog(props: { run: RunDetail; task?: string; onClose: () => void }) {
  const { run, task } = props;
  const [failedOnly, setFailedOnly] = useState(task === undefined && run.state === "failed");
  const [upstream, setUpstream] = useState(false);
  const [downstream, setDownstream] = useState(true);
  const [plan, setPlan] = useState<string[] | Error | null>(null);
  const [busy, setBusy] = useState(false);
  const request = (dryRun: boolean): ClearTasks => ({
    ...(task === undefined ? {} : { tasks: [task], upstream, downstream }),
    failed_only: failedOnly,
    dry_run: dryRun,
  });
  useEffect(() => {
    let asked = true;
    setPlan(null);
    api.clear(run.run_id, request(true)).then(
      (answer) => asked && setPlan(answer.tasks),
      (error: unknown) =>
        asked && setPlan(error instanceof Error ? error : new Error(String(error))),
    );
    return () => {
      asked = false;
    };
  }, [run.run_id, task, failedOnly, upstream, downstream]);
  const tasks = Array.isArray(plan) ? plan : [];
  const clear = async () => {
    setBusy(true);
    const done = await attempt(
      () => api.clear(run.run_id, request(false)),
      `${tasks.length} ${tasks.length === 1 ? "task runs" : "tasks run"} again`,
    );
    setBusy(false);
    cache.changed(new Set([`run:${run.run_id}`]));
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
            refused={Array.isArray(plan) && tasks.length === 0 ? "Nothing would run again" : null}
          >
            Run {tasks.length > 0 ? tasks.length : ""} again
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
      <div aria-live="polite">
        {plan === null ? (
          <span className="quiet">Asking what would run…</span>
        ) : plan instanceof Error ? (
          <div className="banner banner-error">{plan.message}</div>
        ) : tasks.length === 0 ? (
          <span className="quiet">Nothing would run again.</span>
        ) : (
          <>
            <strong>These would run again:</strong>
            <ul className="clear-list">
              {tasks.map((name) => {
                const state = run.tasks.find((each) => each.task === name)?.state ?? "waiting";
                return (
                  <li key={name} className="row">
                    <StateGlyph state={state} /> {name}
                    <span className="quiet">{stateWord(state)}</span>
                  </li>
                );
              })}
            </ul>
          </>
        )}
      </div>
    </Dialog>
  );
}
