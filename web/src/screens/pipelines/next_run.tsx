import type { Pipeline } from "../../api/types";
import { Age, Time } from "../../components/time";

/** When a pipeline runs next, or what it waits for. */
export function NextRun(props: { pipeline: Pipeline; whole?: boolean }) {
  const { paused, next_run_at, waiting_for } = props.pipeline;
  if (paused) return <>paused</>;
  if (waiting_for !== "") return <>{waiting_for}</>;
  if (next_run_at === null) return null;
  return (
    <>
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
