import type { BackfillCounts } from "../../api/types";
import "./backfills.css";

const kOrder = ["success", "skipped", "failed", "running", "waiting"] as const;

export function backfillTotal(counts: BackfillCounts): number {
  return kOrder.reduce((sum, state) => sum + counts[state], 0);
}

export function Progress(props: { counts: BackfillCounts }) {
  const { counts } = props;
  const total = Math.max(1, backfillTotal(counts));
  const ended = counts.success + counts.skipped + counts.failed;
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
