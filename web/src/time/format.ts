import type { TimeWindow } from "../api/types";

/** "UTC", or "local" for the zone of the browser. */
export type Zone = "UTC" | "local";

const kSecond = 1000;
const kMinute = 60 * kSecond;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

function fields(time: Date, zone: Zone) {
  return zone === "UTC"
    ? {
        year: time.getUTCFullYear(),
        month: time.getUTCMonth() + 1,
        day: time.getUTCDate(),
        hour: time.getUTCHours(),
        minute: time.getUTCMinutes(),
        second: time.getUTCSeconds(),
      }
    : {
        year: time.getFullYear(),
        month: time.getMonth() + 1,
        day: time.getDate(),
        hour: time.getHours(),
        minute: time.getMinutes(),
        second: time.getSeconds(),
      };
}

const two = (value: number) => String(value).padStart(2, "0");

/** 2026-11-21 17:05:09 */
export function formatTime(text: string | number, zone: Zone, seconds = true): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return String(text);
  const at = fields(time, zone);
  const clock = `${two(at.hour)}:${two(at.minute)}${seconds ? `:${two(at.second)}` : ""}`;
  return `${at.year}-${two(at.month)}-${two(at.day)} ${clock}`;
}

/** 430 ms, 12.4 s, 3 min 05 s, 2 h 10 min, 3 d 4 h */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const length = Math.max(0, ms);
  if (length < kSecond) return `${Math.round(length)} ms`;
  if (length < 59.95 * kSecond) return `${(length / kSecond).toFixed(1)} s`;
  const seconds = Math.round(length / kSecond);
  if (length < kHour) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (length < kDay)
    return `${Math.floor(length / kHour)} h ${two(Math.floor((length % kHour) / kMinute))} min`;
  return `${Math.floor(length / kDay)} d ${Math.floor((length % kDay) / kHour)} h`;
}

/** "3 min ago", "in 2 h", "now" */
export function formatAge(text: string, now: number): string {
  const ms = now - Date.parse(text);
  if (Number.isNaN(ms)) return text;
  const length = Math.abs(ms);
  if (length < 5 * kSecond) return "now";
  const amount =
    length < kMinute
      ? `${Math.round(length / kSecond)} s`
      : length < kHour
        ? `${Math.round(length / kMinute)} min`
        : length < 2 * kDay
          ? `${Math.round(length / kHour)} h`
          : `${Math.round(length / kDay)} d`;
  return ms >= 0 ? `${amount} ago` : `in ${amount}`;
}

/** The hour, day or range that a window is: "2026-11-21 16:00–17:00", "2026-11-21", "2026-11-01 to 2026-11-20" */
export function formatWindow(window: TimeWindow | null, zone: Zone): string {
  if (!window) return "";
  const start = formatTime(window.start, zone, false);
  const end = formatTime(window.end, zone, false);
  const day = start.slice(0, 10);
  const midnights = start.endsWith("00:00") && end.endsWith("00:00");
  const length = Date.parse(window.end) - Date.parse(window.start);
  if (midnights && length === kDay) return day;
  if (midnights) return `${day} to ${end.slice(0, 10)}`;
  if (day === end.slice(0, 10) || (end.endsWith("00:00") && length < kDay))
    return `${start}–${end.slice(11)}`;
  return `${start} to ${end}`;
}

/** A commit, or "files-" and a hash of what is loaded, short enough to be read. */
export function shortCode(code: string): string {
  return code.slice(0, code.startsWith("files-") ? 14 : 10);
}

/** 950, 12.4 k, 3.05 M */
export function formatCount(value: number): string {
  return scaled(value, 1000, ["", "k", "M", "G", "T"]);
}

/** 812 B, 1.2 MB */
export function formatBytes(value: number): string {
  return scaled(value, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

function scaled(value: number, step: number, units: string[]): string {
  let size = Math.abs(value);
  let unit = 0;
  // What would round up to the next unit is shown in it: 999,950 is 1.00 M, not 1000 k.
  while (unit + 1 < units.length && Number(size.toPrecision(3)) >= step) {
    size /= step;
    unit++;
  }
  const digits = unit === 0 ? String(Math.round(size)) : size.toPrecision(3);
  const sign = value < 0 ? "-" : "";
  return units[unit] === "" ? sign + digits : `${sign}${digits} ${units[unit]}`;
}
