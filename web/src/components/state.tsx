// The states of runs, tasks, attempts and checks: one colour, one sign and one word each, so that none of them is told
// by colour alone.

const kWords: Record<string, string> = {
  up_for_retry: "up for retry",
  up_for_reschedule: "up for reschedule",
  upstream_failed: "upstream failed",
  timed_out: "timed out",
  given_up: "given up",
};

export function stateWord(state: string): string {
  return kWords[state] ?? state;
}

const kCheck = "M3.5 8.5l3 3 6-7";
const kCross = "M4.5 4.5l7 7m0-7l-7 7";
const kRing = "M8 2.5a5.5 5.5 0 1 1-.01 0z";
const kSigns: Record<string, string> = {
  success: kCheck,
  done: kCheck,
  delivered: kCheck,
  passed: kCheck,
  fresh: kCheck,
  failed: kCross,
  error: kCross,
  timed_out: kCross,
  lost: kCross,
  given_up: kCross,
  running: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  expanded: "M3 4.5h10M3 8h10M3 11.5h10",
  queued: `${kRing}M8 5v3l2 1.5`,
  waiting: "M4 8h.01M8 8h.01M12 8h.01",
  paused: "M6 4v8m4-8v8",
  up_for_retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  up_for_reschedule: `${kRing}M8 5v3l2 1.5`,
  upstream_failed: "M8 3v6m0 3.2v.01",
  warn: "M8 3v6m0 3.2v.01",
  warned: "M8 3v6m0 3.2v.01",
  skipped: "M3.5 4l4.5 4-4.5 4m5-8l4.5 4-4.5 4",
  cancelled: `${kRing}M4.3 4.3l7.4 7.4`,
  removed: "M4 8h8",
  interrupted: `${kRing}M4.3 4.3l7.4 7.4`,
};

export function stateSign(state: string): string {
  return kSigns[state] ?? kRing;
}

export function StateGlyph(props: { state: string; label?: string }) {
  const spin = props.state === "running" ? " glyph-spin" : "";
  return (
    <svg
      className={`glyph state-${props.state}${spin}`}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      role={props.label ? "img" : undefined}
      aria-label={props.label}
      aria-hidden={props.label ? undefined : true}
    >
      <path d={stateSign(props.state)} />
    </svg>
  );
}

export function StateChip(props: { state: string; title?: string }) {
  return (
    <span className={`chip state-${props.state}`} title={props.title} data-state={props.state}>
      <StateGlyph state={props.state} />
      {stateWord(props.state)}
    </span>
  );
}
