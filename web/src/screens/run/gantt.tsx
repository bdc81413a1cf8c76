import type { RunDetail, RunTask } from "../../api/types";
import { StateGlyph, stateWord } from "../../components/state";
import { useNow } from "../../components/time";
import { VirtualList } from "../../components/virtual_list";
import { formatDuration } from "../../time/format";
import { itemText } from "./copies";
import { axisTicks, ganttOf, type Gantt as Model, type GanttRow } from "./gantt_model";

const kPlainMax = 200;

/** When each task ran, attempt by attempt. */
export function Gantt(props: {
  run: RunDetail;
  open: ReadonlySet<string>;
  selected: string;
  onSelect: (task: string) => void;
}) {
  const now = useNow(props.run.ended_at === null ? 500 : 60_000);
  const gantt = ganttOf(props.run, now, props.open);
  const row = (index: number) => (
    <Row
      key={gantt.rows[index]!.task.task}
      row={gantt.rows[index]!}
      gantt={gantt}
      selected={gantt.rows[index]!.task.task === props.selected}
      onSelect={props.onSelect}
    />
  );
  const length = gantt.to - gantt.from;
  const ticks = axisTicks(length, 6).filter((tick) => tick < length * 0.93);
  return (
    <div className="gantt">
      <div className="gantt-axis" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${(tick / length) * 100}%` }}>
            {tick === 0 ? "0" : tickText(tick)}
          </span>
        ))}
      </div>
      {gantt.rows.length <= kPlainMax ? (
        <div>{gantt.rows.map((_, index) => row(index))}</div>
      ) : (
        <VirtualList
          className="gantt-many"
          label="Tasks"
          count={gantt.rows.length}
          rowHeight={28}
          row={row}
        />
      )}
    </div>
  );
}

function Row(props: {
  row: GanttRow;
  gantt: Model;
  selected: boolean;
  onSelect: (task: string) => void;
}) {
  const { task, bars } = props.row;
  const { from, to } = props.gantt;
  const share = (time: number) => ((time - from) / (to - from)) * 100;
  const took = bars.reduce((sum, bar) => sum + bar.to - bar.from, 0);
  const words = [
    task.task,
    stateWord(task.state),
    bars.length > 0 ? formatDuration(took) : task.note,
  ];
  return (
    <button
      type="button"
      className="gantt-row"
      data-nav-row
      data-task={task.task}
      data-state={task.state}
      aria-pressed={props.selected}
      aria-label={words.filter(Boolean).join(", ")}
      onClick={() => props.onSelect(task.task)}
    >
      <span className="gantt-name">
        <StateGlyph state={task.state} />
        <span className={task.copy_of ? "clip gantt-copy" : "clip"} title={itemTitle(task)}>
          {task.task}
        </span>
      </span>
      <span className="gantt-track">
        {bars.map((bar) => (
          <span
            key={bar.attempt}
            className={`gantt-bar state-${bar.state}`}
            style={{ left: `${share(bar.from)}%`, width: `${share(bar.to) - share(bar.from)}%` }}
            title={`${bar.attempt > 0 ? `attempt ${bar.attempt}` : "all copies"}: ${stateWord(bar.state)}, ${formatDuration(bar.to - bar.from)}${bar.message ? `: ${bar.message}` : ""}`}
          />
        ))}
        {bars.length === 0 && <span className="gantt-note quiet clip">{task.note}</span>}
        {bars.length > 0 && (
          <span
            className="gantt-took quiet"
            style={tookPlace(
              share(bars[0]!.from),
              share(bars.at(-1)!.from),
              share(bars.at(-1)!.to),
            )}
          >
            {formatDuration(took)}
          </span>
        )}
      </span>
    </button>
  );
}

function itemTitle(task: RunTask): string | undefined {
  return task.copy_of ? itemText(task.item) : undefined;
}

/** Ticks are round: "5 min", not "5 min 00 s". */
function tickText(tick: number): string {
  return formatDuration(tick)
    .replace(/\.0 s$/, " s")
    .replace(/ 00 (s|min)$/, "");
}

/** Right of the last bar; where there is no place, left of the first; else on the last, or left of it when it is short. */
function tookPlace(first: number, last: number, end: number): React.CSSProperties {
  if (end < 84) return { left: `calc(${end}% + 6px)` };
  if (first > 16) return { right: `calc(${100 - first}% + 6px)` };
  if (end - last < 16) return { right: `calc(${100 - last}% + 6px)` };
  return { right: "8px", color: "var(--surface)" };
}
