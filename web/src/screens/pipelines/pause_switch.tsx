import { useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import { useMay } from "../../api/session";
import { Switch } from "../../components/button";
import { attempt } from "../../components/toast";

/** On: the schedule starts runs. Off: paused; a run can still be started by hand. */
export function PauseSwitch(props: { name: string; paused: boolean }) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  const may = useMay("operator");
  const paused = wanted ?? props.paused;
  const change = async (on: boolean) => {
    setWanted(!on);
    const done = on ? `${props.name} runs by its schedule again` : `${props.name} is paused`;
    await attempt(() => api.pause(props.name, !on), done);
    cache.changed(new Set(["pipelines", `pipeline:${props.name}`]));
    setWanted(null);
  };
  return (
    <Switch
      on={!paused}
      label={paused ? `${props.name} is paused; switch it on` : `Pause ${props.name}`}
      refused={may ? null : "Pausing needs the role operator"}
      onChange={(on) => void change(on)}
    />
  );
}
