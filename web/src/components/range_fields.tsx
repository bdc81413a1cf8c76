import { TextField } from "./field";

/** Two fields for a half-open range of time in UTC. */
export function RangeFields(props: {
  from: string;
  to: string;
  error?: string | null;
  hint?: string;
  onChange: (from: string, to: string) => void;
}) {
  return (
    <div className="range-fields">
      <TextField
        label="From (UTC)"
        placeholder="2026-11-20 10:00"
        spellCheck={false}
        value={props.from}
        error={props.error}
        hint={props.hint}
        onChange={(from) => props.onChange(from, props.to)}
      />
      <TextField
        label="To, not included (UTC)"
        placeholder="2026-11-20 10:00"
        spellCheck={false}
        value={props.to}
        onChange={(to) => props.onChange(props.from, to)}
      />
    </div>
  );
}
