import { useEffect, useRef, useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import { useMay } from "../../api/session";
import { Switch } from "../../components/button";
import { attempt } from "../../components/toast";

/** Longer than an answer takes to come without the stream of events. */
const kHeldMs = 10_000;

/** On: the schedule starts runs. Off: paused; a run can still be started by hand. */
export function PauseSwitch(props: { name: string; paused: boolean }) {
  const { wanted, want } = useWanted(props.paused);
  const may = useMay("operator");
  const paused = wanted ?? props.paused;
  const change = (on: boolean) =>
    want(!on, async () => {
      const done = on ? `${props.name} runs by its schedule again` : `${props.name} is paused`;
      const well = await attempt(() => api.pause(props.name, !on), done);
      cache.changed(new Set(["pipelines", `pipeline:${props.name}`]));
      return well;
    });
  return (
    <Switch
      on={!paused}
      label={paused ? `${props.name} is paused; switch it on` : `Pause ${props.name}`}
      refused={may ? null : "Pausing needs the role operator"}
      onChange={change}
    />
  );
}

/**
 * What was asked for last, shown until the server says the same. Requests go out one after the other, in the order of the
 * clicks. What failed is shown no more; nor is what somebody else has undone before the answer came.
 */
function useWanted(actual: boolean) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [sending, setSending] = useState(0);
  const last = useRef(Promise.resolve());
  const want = (value: boolean, send: () => Promise<boolean>) => {
    setWanted(value);
    setSending((count) => count + 1);
    last.current = last.current.then(async () => {
      const well = await send();
      if (!well) setWanted(null);
      setSending((count) => count - 1);
    });
  };
  useEffect(() => {
    if (wanted === null || sending > 0) return;
    const timer = setTimeout(() => setWanted(null), wanted === actual ? 0 : kHeldMs);
    return () => clearTimeout(timer);
  }, [wanted, sending, actual]);
  return { wanted, want };
}
