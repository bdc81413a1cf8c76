import { useState } from "react";
import { api } from "../../api/endpoints";
import { cache, useQuery } from "../../api/query";
import { useMay } from "../../api/session";
import type { BackfillDetail } from "../../api/types";
import { Button } from "../../components/button";
import { DataTable } from "../../components/data_table";
import { Loaded } from "../../components/notice";
import { RunLink } from "../../components/run_link";
import { StateChip, stateWord } from "../../components/state";
import { Age, WindowLabel } from "../../components/time";
import { attempt } from "../../components/toast";
import { useTitle } from "../../components/title";
import { Link, pageOf } from "../../router";
import { useSettings } from "../../settings";
import { formatWindow } from "../../time/format";
import { backfillEnded, backfillTotal, Progress } from "../backfills/progress";

const kListedMax = 500;

export function BackfillPage(props: { id: string }) {
  const backfill = useQuery(`backfill:${props.id}`, (signal) => api.backfill(props.id, signal), [
    `backfill:${props.id}`,
    "backfills",
  ]);
  return (
    <Loaded query={backfill} what={`backfill ${props.id}`} rows={8}>
      {(data) => <BackfillBody backfill={data} />}
    </Loaded>
  );
}

function BackfillBody(props: { backfill: BackfillDetail }) {
  const { backfill } = props;
  useTitle(`backfill of ${backfill.pipeline}`, backfill.state);
  const { counts } = backfill;
  const total = backfillTotal(counts);
  const ended = backfillEnded(counts);
  return (
    <>
      <div className="row-between">
        <div className="row">
          <h1 title={backfill.id}>Backfill {backfill.id.slice(0, 13)}</h1>
          <StateChip state={backfill.state} />
          <Link href={pageOf.pipeline(backfill.pipeline)}>{backfill.pipeline}</Link>
          <WindowLabel window={{ start: backfill.from, end: backfill.to }} />
        </div>
        <Steering backfill={backfill} />
      </div>
      {backfill.problem && <div className="banner banner-error">{backfill.problem}</div>}
      <section className="panel panel-body stack" aria-label="Progress">
        <div className="row-between">
          <strong>
            {ended} of {total} windows ended
          </strong>
          <span className="quiet">
            {counts.success} well · {counts.failed} failed · {counts.cancelled} cancelled ·{" "}
            {counts.skipped} left · {counts.running} running · {counts.waiting} waiting
          </span>
        </div>
        <Progress counts={counts} />
        <span className="quiet">
          {backfill.order.replace("_", " ")}, {backfill.active_runs} at a time, done before:{" "}
          {backfill.redo === "none" ? "left" : `${backfill.redo} again`}, started{" "}
          <Age at={backfill.created_at} />
          {backfill.by && ` by ${backfill.by}`}
        </span>
      </section>
      <section className="panel" aria-label="Windows">
        <div className="panel-head">
          <h2>Windows</h2>
        </div>
        <Squares backfill={backfill} />
        <Windows backfill={backfill} />
      </section>
    </>
  );
}

function Steering(props: { backfill: BackfillDetail }) {
  const { backfill } = props;
  const [sure, setSure] = useState(false);
  const refused = useMay("operator") ? null : "This needs the role operator";
  const steer = async (action: "pause" | "resume" | "cancel", done: string) => {
    await attempt(() => api.steerBackfill(backfill.id, action), done);
    setSure(false);
    cache.changed(new Set(["backfills", `backfill:${backfill.id}`]));
  };
  if (backfill.state !== "running" && backfill.state !== "paused") return null;
  return (
    <div className="row">
      {backfill.state === "running" ? (
        <Button
          refused={refused}
          onClick={() => void steer("pause", "Paused; what runs now is finished")}
        >
          Pause
        </Button>
      ) : (
        <Button look="primary" refused={refused} onClick={() => void steer("resume", "Goes on")}>
          Resume
        </Button>
      )}
      {sure ? (
        <Button
          look="danger"
          autoFocus
          onBlur={() => setSure(false)}
          onClick={() => void steer("cancel", "The backfill is cancelled")}
        >
          Yes, cancel it
        </Button>
      ) : (
        <Button refused={refused} onClick={() => setSure(true)}>
          Cancel…
        </Button>
      )}
    </div>
  );
}

function Squares(props: { backfill: BackfillDetail }) {
  const { zone } = useSettings();
  return (
    <div className="backfill-windows">
      {props.backfill.windows.slice(0, 2000).map((window) => {
        const label = `${formatWindow(window, zone)}: ${stateWord(window.state)}`;
        const sign = window.state === "failed" ? "×" : "";
        return window.run_id ? (
          <Link
            key={window.start}
            href={pageOf.run(window.run_id)}
            className={`square state-${window.state}`}
            title={label}
            aria-label={label}
          >
            {sign}
          </Link>
        ) : (
          <span
            key={window.start}
            className={`square state-${window.state}`}
            title={label}
            role="img"
            aria-label={label}
          />
        );
      })}
    </div>
  );
}

function Windows(props: { backfill: BackfillDetail }) {
  const { windows } = props.backfill;
  return (
    <>
      <DataTable
        label="Windows of the backfill"
        items={windows.slice(0, kListedMax)}
        keyOf={(window) => window.start}
        columns={[
          { title: "Window", cell: (window) => <WindowLabel window={window} /> },
          { title: "State", cell: (window) => <StateChip state={window.state} /> },
          {
            title: "Run",
            cell: (window) => <RunLink run={window.run_id} row />,
          },
          { title: "Why", wideOnly: true, cell: (window) => window.reason || "–" },
        ]}
      />
      {windows.length > kListedMax && (
        <div className="table-more quiet">
          {kListedMax} of {windows.length} are listed; the squares above show all.
        </div>
      )}
    </>
  );
}
