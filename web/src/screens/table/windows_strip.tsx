import { useMemo, useState, type KeyboardEvent } from "react";
import { api } from "../../api/endpoints";
import { useQuery } from "../../api/query";
import { useMay } from "../../api/session";
import type { TableWindow, WindowState } from "../../api/types";
import { Button } from "../../components/button";
import { Empty, Loaded } from "../../components/notice";
import { useSearchValue } from "../../router";
import { serverNow } from "../../time/clock";
import { BackfillDialog } from "../backfills/backfill_dialog";
import { countStates, periodsOf, reachOf, stripOf } from "./strip_model";

const kMeaning: Record<WindowState, string> = {
  done: "done",
  empty: "done, without rows",
  missing: "missing",
  stale: "stale: its input or code changed since",
  open: "not over yet",
};

/** Which windows of a table are there. A click on one that is missing or stale opens the backfill dialog. */
export function WindowsStrip(props: { table: string; kind: string }) {
  const periods = periodsOf(props.kind);
  const [days, setDays] = useSearchValue("days", String(periods.first));
  const [chosen, setChosen] = useState<{ start: string; end: string } | null>(null);
  const windows = useQuery(
    `windows:${props.table}:${days}`,
    (signal) => {
      const now = serverNow();
      const from = Math.floor(now / 86_400_000 - (Number(days) - 1)) * 86_400_000;
      const to = Math.ceil(now / 3_600_000) * 3_600_000;
      return api.windows(
        props.table,
        new Date(from).toISOString(),
        new Date(to).toISOString(),
        signal,
      );
    },
    [`table:${props.table}`],
  );
  return (
    <section className="panel" aria-label="Windows">
      <div className="panel-head">
        <h2>Windows</h2>
        <div className="row">
          {periods.days.map((count) => (
            <Button
              key={count}
              look={String(count) === days ? "primary" : "quiet"}
              aria-pressed={String(count) === days}
              onClick={() => setDays(String(count))}
            >
              {count === 1 ? "1 day" : `${count} days`}
            </Button>
          ))}
        </div>
      </div>
      <Loaded query={windows} what="strip of windows" rows={4}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title="There are no windows in these days" />
          ) : (
            <Cells kind={data.window ?? props.kind} windows={data.items} onChoose={setChosen} />
          )
        }
      </Loaded>
      {chosen && (
        <BackfillDialog
          table={props.table}
          from={chosen.start}
          to={chosen.end}
          onClose={() => setChosen(null)}
        />
      )}
    </section>
  );
}

function Cells(props: {
  kind: string;
  windows: TableWindow[];
  onChoose: (range: { start: string; end: string }) => void;
}) {
  const { kind, windows } = props;
  const strip = useMemo(() => stripOf(kind, windows), [kind, windows]);
  const counts = useMemo(() => countStates(windows), [windows]);
  const may = useMay("operator");
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const cells = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-window]")];
    const at = cells.findIndex((cell) => cell === document.activeElement);
    cells[at + step]?.focus();
    event.preventDefault();
  };
  const firstWanted = windows.find((each) => each.state === "missing" || each.state === "stale");
  return (
    <div className="strip" onKeyDown={move}>
      <div className="row strip-legend">
        {(Object.keys(kMeaning) as WindowState[]).map((state) => (
          <span key={state} className="row">
            <span className={`window window-${state}`} aria-hidden="true" />
            {kMeaning[state]}: {counts[state].toLocaleString("en")}
          </span>
        ))}
      </div>
      <div className="strip-wrap">
        {strip.columns.length > 0 && (
          <div className="strip-row strip-columns" aria-hidden="true">
            <span className="strip-title" />
            {strip.columns.map((column, index) => (
              <span key={column} className="strip-column">
                {index % 3 === 0 ? column : ""}
              </span>
            ))}
          </div>
        )}
        {strip.rows.map((row) => (
          <div key={row.title} className="strip-row" role="group" aria-label={row.title}>
            <span className="strip-title">{row.title}</span>
            {row.cells.map(({ window, column }) => (
              <Cell
                key={window.start}
                window={window}
                column={column}
                tabStop={window === (firstWanted ?? windows[0])}
                usable={may}
                onChoose={() => props.onChoose(reachOf(windows, window))}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Cell(props: {
  window: TableWindow;
  column: number;
  tabStop: boolean;
  usable: boolean;
  onChoose: () => void;
}) {
  const { window, usable } = props;
  const label = `${window.start.replace("T", " ").slice(0, 16)} UTC: ${kMeaning[window.state]}`;
  return (
    <button
      type="button"
      className={`window window-${window.state}`}
      style={{ gridColumn: props.column + 2 }}
      data-window={window.start}
      data-state={window.state}
      tabIndex={props.tabStop ? 0 : -1}
      title={usable && window.state !== "open" ? `${label} (click to backfill)` : label}
      aria-label={label}
      disabled={!usable || window.state === "open"}
      onClick={props.onChoose}
    >
      {window.state === "missing" ? "·" : window.state === "stale" ? "!" : ""}
    </button>
  );
}
