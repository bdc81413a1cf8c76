import type { Pipeline } from "../../api/types";
import { Age, Time } from "../../components/time";

/** When a pipeline runs next, or what it waits for. */
export function NextRun(props: { pipeline: Pipeline; whole?: boolean }) {
  const { paused, next_run_at, waiting_for } = props.pipeline;
  if (paused) return <>paused</>;
  // Of a schedule by the clock it says the same.
  const events = waiting_for.startsWith("next at ") ? "" : waiting_for;
  if (next_run_at === null) return events === "" ? null : <>{events}</>;
  return (
    <>
      {events !== "" && `${events}; `}
      next <Age at={next_run_at} />
      {props.whole && (
        <>
          {" "}
          (<Time at={next_run_at} seconds={false} />)
        </>
      )}
    </>
  );
}
