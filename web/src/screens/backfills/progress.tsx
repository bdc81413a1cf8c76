import type { BackfillCounts } from "../../api/types";
import "./backfills.css";

const kOrder = ["success", "skipped", "failed", "cancelled", "running", "waiting"] as const;

export function backfillTotal(counts: BackfillCounts): number {
  return kOrder.reduce((sum, state) => sum + counts[state], 0);
}

export function backfillEnded(counts: BackfillCounts): number {
  return backfillTotal(counts) - counts.running - counts.waiting;
}

export function Progress(props: { counts: BackfillCounts }) {
  const { counts } = props;
  const total = Math.max(1, backfillTotal(counts));
  const ended = backfillEnded(counts);
  const label = kOrder
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(", ");
  return (
    <div
      className="progress"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={ended}
      aria-valuetext={label}
      title={label}
    >
      {kOrder.map(
        (state) =>
          counts[state] > 0 && (
            <span
              key={state}
              className={`state-${state}`}
              style={{ width: `${(counts[state] / total) * 100}%` }}
            />
          ),
      )}
    </div>
  );
}
