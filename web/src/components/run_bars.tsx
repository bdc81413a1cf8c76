import type { Run } from "../api/types";
import { Link, pageOf } from "../router";
import { useSettings } from "../settings";
import { serverNow } from "../time/clock";
import { formatDuration, formatTime, formatWindow } from "../time/format";
import { stateWord } from "./state";

/** The newest runs from left (oldest) to right; the taller the longer. */
export function RunBars(props: { runs: Run[]; count?: number }) {
  const { zone } = useSettings();
  const runs = props.runs.slice(0, props.count ?? 10).reverse();
  const lengths = runs.map(runLength);
  const longest = Math.max(1, ...lengths);
  if (runs.length === 0) return <span className="quiet">no runs yet</span>;
  return (
    <span className="bars">
      {runs.map((run, index) => {
        const label = [
          stateWord(run.state),
          formatWindow(run.window, zone) || formatTime(run.queued_at, zone),
          formatDuration(lengths[index]!),
          run.cause,
        ].join(" · ");
        return (
          <Link
            key={run.run_id}
            href={pageOf.run(run.run_id)}
            className={`bar state-${run.state}`}
            style={{ height: `${Math.round(4 + 20 * Math.sqrt(lengths[index]! / longest))}px` }}
            title={label}
            aria-label={label}
          />
        );
      })}
    </span>
  );
}

/** Somebody carries it out, or will. */
export function isActive(run: Run): boolean {
  return run.ended_at === null && run.state !== "interrupted";
}

export function runLength(run: Run): number {
  if (!run.started_at) return 0;
  if (run.ended_at === null && !isActive(run)) return 0;
  const end = run.ended_at ? Date.parse(run.ended_at) : serverNow();
  return Math.max(0, end - Date.parse(run.started_at));
}
