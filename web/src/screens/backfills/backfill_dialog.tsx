import { useEffect, useState } from "react";
import { ApiProblem } from "../../api/client";
import { api } from "../../api/endpoints";
import { useAllPipelines } from "../../api/lists";
import { cache } from "../../api/query";
import type { BackfillRequest, BackfillWindow } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { RangeFields } from "../../components/range_fields";
import { StateGlyph } from "../../components/state";
import { toast } from "../../components/toast";
import { VirtualList } from "../../components/virtual_list";
import { navigate, pageOf } from "../../router";
import { useSettings } from "../../settings";
import { formatWindow } from "../../time/format";
import { readRange, utcField } from "../../time/range";
import "./backfills.css";

type Plan = { windows: BackfillWindow[] } | { error: string } | "asking" | null;

/** How names of pipelines begin that a selection of tables makes; also the choice of one. */
const kSelection = "select:";
const kAskAfterMs = 250;
const kActiveMax = 1024;

/** Plans a backfill: the server lists what would run and why before anything is started. */
export function BackfillDialog(props: {
  pipeline?: string;
  table?: string;
  from?: string;
  to?: string;
  onClose: () => void;
}) {
  const pipelines = (useAllPipelines().data ?? []).filter((each) => each.window !== null);
  const [chosen, setChosen] = useState(props.pipeline ?? "");
  const [tables, setTables] = useState(props.table ? `+${props.table}` : "");
  const only = pipelines.length === 1 ? pipelines[0]!.name : props.table ? kSelection : "";
  const choice = chosen || only;
  const named = choice === kSelection ? kSelection + tables.trim() : choice;
  const pipeline = named === kSelection ? "" : named;
  const [range, setRange] = useState({
    from: props.from ? utcField(Date.parse(props.from)) : "",
    to: props.to ? utcField(Date.parse(props.to)) : "",
  });
  const [order, setOrder] = useState<"oldest_first" | "newest_first">("oldest_first");
  const [redo, setRedo] = useState<"none" | "failed" | "all">("none");
  const [active, setActive] = useState("1");
  const [busy, setBusy] = useState(false);
  const read = readRange(range.from, range.to);
  const rangeError = typeof read === "object" && "error" in read ? read.error : null;
  const activeRuns = Number(active);
  const activeError =
    Number.isInteger(activeRuns) && activeRuns >= 1 && activeRuns <= kActiveMax
      ? null
      : `1 to ${kActiveMax}`;
  const ready = pipeline !== "" && typeof read === "object" && !("error" in read) && !activeError;
  const request = (dryRun: boolean): BackfillRequest => ({
    pipeline,
    from: typeof read === "object" && "start" in read ? read.start : "",
    to: typeof read === "object" && "end" in read ? read.end : "",
    order,
    active_runs: activeRuns,
    redo,
    dry_run: dryRun,
  });
  const plan = usePlan(ready ? request(true) : null);
  const runs =
    plan && typeof plan === "object" && "windows" in plan
      ? plan.windows.filter((window) => window.action === "run").length
      : 0;
  const start = async () => {
    if (!ready || runs === 0) return;
    setBusy(true);
    try {
      const { id } = await api.startBackfill(request(false));
      toast(`${runs} ${runs === 1 ? "run" : "runs"} of ${pipeline} will be started`);
      cache.changed(new Set(["backfills"]));
      props.onClose();
      navigate(id === null ? pageOf.backfills() : pageOf.backfill(id));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), true);
    }
    setBusy(false);
  };
  return (
    <Dialog
      title={props.table ? `Backfill ${props.table}` : `Backfill ${props.pipeline ?? ""}`}
      wide
      onClose={props.onClose}
      onSubmit={() => void start()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            disabled={busy || plan === "asking"}
            refused={ready && runs === 0 && plan !== "asking" ? "Nothing would run" : null}
          >
            {runs > 0 ? `Start ${runs} ${runs === 1 ? "run" : "runs"}` : "Start"}
          </Button>
        </>
      }
    >
      {props.pipeline === undefined && (
        <SelectField
          label="What"
          value={choice}
          options={[
            ...(choice === "" ? [{ value: "", title: "choose a pipeline with windows" }] : []),
            ...pipelines.map((each) => ({ value: each.name, title: `pipeline ${each.name}` })),
            { value: kSelection, title: "tables, whatever pipeline makes them" },
          ]}
          onChange={setChosen}
        />
      )}
      {choice === kSelection && (
        <TextField
          label="Tables"
          hint="silver.orders; silver.orders+ with all that is made of it; +gold.daily with all that it is made of; gold.* tag:nightly"
          value={tables}
          maxLength={900}
          spellCheck={false}
          onChange={setTables}
        />
      )}
      <RangeFields
        from={range.from}
        to={range.to}
        error={rangeError}
        onChange={(from, to) => setRange({ from, to })}
      />
      <div className="range-fields">
        <SelectField
          label="What is done already"
          value={redo}
          options={[
            { value: "none", title: "leave it; run what is missing" },
            { value: "failed", title: "run again what failed" },
            { value: "all", title: "run everything again" },
          ]}
          onChange={setRedo}
        />
        <SelectField
          label="Order"
          value={order}
          options={[
            { value: "oldest_first", title: "oldest first" },
            { value: "newest_first", title: "newest first" },
          ]}
          onChange={setOrder}
        />
        <TextField
          label="Runs at a time"
          type="number"
          min={1}
          max={kActiveMax}
          value={active}
          error={activeError}
          onChange={setActive}
        />
      </div>
      <PlanView plan={plan} />
    </Dialog>
  );
}

/** What the server would do, asked again shortly after the last change of the form. */
function usePlan(request: BackfillRequest | null): Plan {
  const [plan, setPlan] = useState<Plan>(null);
  const key = request === null ? "" : JSON.stringify(request);
  useEffect(() => {
    if (key === "") {
      setPlan(null);
      return;
    }
    let wanted = true;
    setPlan("asking");
    const timer = setTimeout(() => {
      api.startBackfill(JSON.parse(key) as BackfillRequest).then(
        (answer) => wanted && setPlan({ windows: answer.windows }),
        (error: unknown) =>
          wanted && setPlan({ error: error instanceof ApiProblem ? error.message : String(error) }),
      );
    }, kAskAfterMs);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return plan;
}

function PlanView(props: { plan: Plan }) {
  const { zone } = useSettings();
  const { plan } = props;
  if (plan === null) return <p className="quiet">Choose a range to see what would run.</p>;
  if (plan === "asking") return <p className="quiet">Asking what would run…</p>;
  if ("error" in plan) {
    return (
      <div className="banner banner-error" role="alert">
        {plan.error}
      </div>
    );
  }
  const runs = plan.windows.filter((window) => window.action === "run").length;
  return (
    <section aria-label="What would run" className="plan">
      <p aria-live="polite">
        <strong>{runs}</strong> of {plan.windows.length} windows would run,{" "}
        {plan.windows.length - runs} would be left.
      </p>
      <VirtualList
        className="panel plan-list"
        label="Windows of the backfill"
        count={plan.windows.length}
        rowHeight={26}
        fit
        row={(index) => {
          const window = plan.windows[index]!;
          return (
            <div key={window.start} className="plan-row" data-action={window.action}>
              <StateGlyph state={window.action === "run" ? "queued" : "skipped"} />
              <span className="nowrap">{formatWindow(window, zone)}</span>
              <span>{window.action === "run" ? "runs" : "left"}</span>
              <span className="quiet clip" title={window.reason}>
                {window.reason}
              </span>
            </div>
          );
        }}
      />
    </section>
  );
}
