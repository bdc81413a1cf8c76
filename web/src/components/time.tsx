import { useEffect, useState } from "react";
import { serverNow } from "../time/clock";
import { formatAge, formatDuration, formatTime, formatWindow } from "../time/format";
import { useSettings } from "../settings";
import type { Run, TimeWindow } from "../api/types";

/** The server's time, drawn anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return Math.max(now, 0);
}

export function Time(props: { at: string | null; seconds?: boolean }) {
  const { zone } = useSettings();
  if (!props.at) return <span className="quiet">–</span>;
  return (
    <time dateTime={props.at} className="nowrap" title={props.at}>
      {formatTime(props.at, zone, props.seconds ?? true)}
    </time>
  );
}

export function Age(props: { at: string | null; none?: string }) {
  const now = useNow(5000);
  const { zone } = useSettings();
  if (!props.at) return <span className="quiet">{props.none ?? "never"}</span>;
  return (
    <time dateTime={props.at} className="nowrap" title={formatTime(props.at, zone)}>
      {formatAge(props.at, now)}
    </time>
  );
}

/** How long something took, counting on while it has no end. */
export function Took(props: { from: string | null; to: string | null }) {
  return props.from === null ? (
    <span className="quiet">–</span>
  ) : props.to !== null ? (
    <span className="nowrap">{formatDuration(Date.parse(props.to) - Date.parse(props.from))}</span>
  ) : (
    <Counting from={props.from} />
  );
}

/** A run that nobody carries out does not count on. */
export function RunTook(props: { run: Run }) {
  const { run } = props;
  if (run.state === "interrupted") return <span className="quiet">–</span>;
  return <Took from={run.started_at} to={run.ended_at} />;
}

function Counting(props: { from: string }) {
  const now = useNow(1000);
  return <span className="nowrap">{formatDuration(now - Date.parse(props.from))}</span>;
}

export function WindowLabel(props: { window: TimeWindow | null; none?: string }) {
  const { zone } = useSettings();
  if (!props.window) return <span className="quiet">{props.none ?? "–"}</span>;
  return (
    <span className="nowrap" title={`${props.window.start} to ${props.window.end}`}>
      {formatWindow(props.window, zone)}
    </span>
  );
}
