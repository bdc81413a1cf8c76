// A strip of windows as a calendar: a row a day of 24 hours, or a row a month of its days. Always in UTC, as windows are.
import type { TableWindow, WindowState } from "../../api/types";

export interface StripCell {
  window: TableWindow;
  column: number;
}

export interface StripRow {
  title: string;
  cells: StripCell[];
}

export interface Strip {
  rows: StripRow[];
  columns: string[];
}

const kPerRow = 24;

/** "day in Europe/Berlin" -> "day" */
export function unitOf(kind: string): string {
  return kind.split(" in ")[0] ?? kind;
}

/** The lengths in days that a strip offers, and the one that it begins with: at most 2,000 windows are shown. */
export function periodsOf(kind: string): { days: number[]; first: number } {
  const unit = unitOf(kind);
  if (unit === "hour") return { days: [3, 7, 30, 80], first: 7 };
  if (unit === "day") return { days: [31, 92, 366, 1830], first: 92 };
  return /minute/.test(unit)
    ? { days: [1, 3, 7], first: 1 }
    : { days: [92, 366, 1830], first: 366 };
}

/** The rows of a strip, newest first. Windows of other lengths than an hour or a day are laid out 24 to a row. */
export function stripOf(kind: string, windows: readonly TableWindow[]): Strip {
  const unit = unitOf(kind);
  const sorted = [...windows].sort((a, b) => a.start.localeCompare(b.start));
  if (unit !== "hour" && unit !== "day") {
    const rows: StripRow[] = [];
    sorted.forEach((window, index) => {
      const column = index % kPerRow;
      if (column === 0) rows.push({ title: window.start.slice(0, 10), cells: [] });
      rows.at(-1)!.cells.push({ window, column });
    });
    return { rows: rows.reverse(), columns: [] };
  }
  const hourly = unit === "hour";
  const rows = new Map<string, StripRow>();
  for (const window of sorted) {
    // A day of any zone is told by its middle.
    const start = hourly ? window.start : middleOf(window);
    const title = start.slice(0, hourly ? 10 : 7);
    const row = rows.get(title) ?? { title, cells: [] };
    rows.set(title, row);
    const column = hourly ? Number(start.slice(11, 13)) : Number(start.slice(8, 10)) - 1;
    row.cells.push({ window, column });
  }
  const columns = Array.from({ length: hourly ? 24 : 31 }, (_, index) =>
    String(hourly ? index : index + 1).padStart(2, "0"),
  );
  return { rows: [...rows.values()].reverse(), columns };
}

function middleOf(window: TableWindow): string {
  return new Date((Date.parse(window.start) + Date.parse(window.end)) / 2).toISOString();
}

export function countStates(windows: readonly TableWindow[]): Record<WindowState, number> {
  const counts: Record<WindowState, number> = { done: 0, empty: 0, missing: 0, stale: 0, open: 0 };
  for (const window of windows) counts[window.state]++;
  return counts;
}

/** The windows without a gap in time around `window` that want the same thing done: what one click backfills. */
export function reachOf(
  windows: readonly TableWindow[],
  window: TableWindow,
): { start: string; end: string } {
  const sorted = [...windows].sort((a, b) => a.start.localeCompare(b.start));
  const at = sorted.findIndex((each) => each.start === window.start);
  const same = (index: number) => sorted[index]?.state === window.state;
  let first = at;
  let last = at;
  while (same(first - 1) && sorted[first - 1]!.end === sorted[first]!.start) first--;
  while (same(last + 1) && sorted[last + 1]!.start === sorted[last]!.end) last++;
  return { start: sorted[first]?.start ?? window.start, end: sorted[last]?.end ?? window.end };
}
