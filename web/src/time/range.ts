import type { TimeWindow } from "../api/types";

const kLengths: Record<string, number> = { hour: 3_600_000, day: 86_400_000 };

/** "2026-11-21 16:00" or "2026-11-21" of a field, in UTC, as the API writes it; null for what is no time. */
export function readUtcField(text: string): string | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?)?Z?$/.exec(text.trim());
  if (!match) return null;
  const iso = `${match[1]}T${match[2] ?? "00:00"}${match[3] ?? ":00"}Z`;
  const time = Date.parse(iso);
  // 31 November would come out as 1 December.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(iso.slice(0, 19))) return null;
  return iso;
}

export function utcField(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** The window that closed last. */
export function lastWindow(kind: string, now: number): { from: string; to: string } | null {
  const length = kLengths[kind];
  if (length === undefined) return null;
  const end = Math.floor(now / length) * length;
  return { from: utcField(end - length), to: utcField(end) };
}

/** What is wrong with a range of two fields, or the range; "empty" when neither is filled in. */
export function readRange(from: string, to: string): TimeWindow | "empty" | { error: string } {
  if (from.trim() === "" && to.trim() === "") return "empty";
  const start = readUtcField(from);
  const end = readUtcField(to);
  if (start === null || end === null)
    return { error: "both ends are needed, written as 2026-11-20 10:00 or 2026-11-20" };
  if (Date.parse(start) >= Date.parse(end)) return { error: "it must end after it starts" };
  return { start, end };
}
