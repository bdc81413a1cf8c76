import type { Schedule } from "../api/types";

const kDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const kDayNames: Record<string, number> = {
  sun: 0,
  mon: 1,
  tue: 2,
  wed: 3,
  thu: 4,
  fri: 5,
  sat: 6,
};

/** A schedule as one says it. What has no plain words is shown as it is written. */
export function scheduleInWords(schedule: Schedule): string {
  const zone =
    schedule.timezone === "" || schedule.timezone === "UTC" ? "" : ` (${schedule.timezone})`;
  switch (schedule.kind) {
    case "cron":
      return cronsInWords(schedule.text) + zone;
    case "every":
      return schedule.text.startsWith("every") ? schedule.text : `every ${schedule.text}`;
    case "tables":
      return `when ${schedule.text} ${/[&|]/.test(schedule.text) ? "change" : "changes"}`;
    case "file":
      return `when files arrive: ${schedule.text}`;
    case "webhook":
      return "when its webhook is called";
    case "none":
      return "only when started by hand";
  }
}

/** Several crons are separated by a comma and a blank. */
function cronsInWords(text: string): string {
  const words = text.split(/,\s+/).map(cronInWords);
  return words.every((each) => each !== null) ? words.join(", and ") : text;
}

/** "5 * * * *" -> "hourly at minute 5"; null for what has no plain words. */
export function cronInWords(text: string): string | null {
  const names: Record<string, string> = {
    "@hourly": "hourly at minute 0",
    "@daily": "daily at 00:00",
    "@midnight": "daily at 00:00",
    "@weekly": "on Sunday at 00:00",
    "@monthly": "on day 1 of the month at 00:00",
    "@yearly": "on 1 January at 00:00",
    "@annually": "on 1 January at 00:00",
  };
  const named = names[text.trim().toLowerCase()];
  if (named) return named;
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) return null;
  const [minute, hour, day, month, weekday] = parts as [string, string, string, string, string];
  if (month !== "*") return null;
  const clock = clockInWords(minute, hour);
  if (clock === null) return null;
  if (day === "*" && weekday === "*") {
    return /^\d/.test(clock) ? `daily at ${clock}` : clock;
  }
  const when = /^\d/.test(clock) ? `at ${clock}` : clock;
  if (day === "*") {
    const days = weekdayInWords(weekday);
    return days === null ? null : `${days} ${when}`;
  }
  if (weekday === "*" && /^\d+$/.test(day)) return `on day ${day} of the month ${when}`;
  return null;
}

function clockInWords(minute: string, hour: string): string | null {
  const everyMinutes = /^\*\/(\d+)$/.exec(minute);
  if (minute === "*" && hour === "*") return "every minute";
  if (everyMinutes && hour === "*") return `every ${everyMinutes[1]} minutes`;
  if (!/^\d+$/.test(minute)) return null;
  if (hour === "*") return `hourly at minute ${minute}`;
  const everyHours = /^\*\/(\d+)$/.exec(hour);
  if (everyHours) {
    const past = minute === "0" ? "" : ` at minute ${minute}`;
    return `every ${everyHours[1]} hours${past}`;
  }
  if (!/^\d+(,\d+)*$/.test(hour)) return null;
  const clocks = hour
    .split(",")
    .map((each) => `${each.padStart(2, "0")}:${minute.padStart(2, "0")}`);
  return clocks.length === 1
    ? clocks[0]!
    : `${clocks.slice(0, -1).join(", ")} and ${clocks[clocks.length - 1]}`;
}

function weekdayInWords(text: string): string | null {
  const lower = text.toLowerCase();
  if (lower === "1-5" || lower === "mon-fri") return "on weekdays";
  if (["0,6", "6,0", "sat,sun", "sun,sat", "6,7"].includes(lower)) return "at weekends";
  const days = lower
    .split(",")
    .map((each) => kDayNames[each] ?? (/^[0-7]$/.test(each) ? Number(each) % 7 : -1));
  if (days.some((day) => day < 0)) return null;
  const words = days.map((day) => kDays[day]!);
  return `on ${words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`}`;
}
