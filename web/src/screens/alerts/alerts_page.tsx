import { useState } from "react";
import { api } from "../../api/endpoints";
import { cache, usePages } from "../../api/query";
import { useMay } from "../../api/session";
import type { Delivery } from "../../api/types";
import { Button } from "../../components/button";
import { PagedTable, type Column } from "../../components/data_table";
import { SelectField } from "../../components/field";
import { Empty } from "../../components/notice";
import { RunLink } from "../../components/run_link";
import { StateChip } from "../../components/state";
import { Age } from "../../components/time";
import { useTitle } from "../../components/title";
import { attempt } from "../../components/toast";
import { useSearchValue } from "../../router";

const kStates = [
  { value: "", title: "all" },
  { value: "waiting", title: "waiting" },
  { value: "delivered", title: "delivered" },
  { value: "given_up", title: "given up" },
];

const kColumns: Column<Delivery>[] = [
  {
    title: "About",
    cell: (delivery) => <span title={delivery.text || undefined}>{delivery.title}</span>,
  },
  { title: "Told", cell: (delivery) => delivery.receiver },
  { title: "State", cell: (delivery) => <StateChip state={delivery.state} /> },
  { title: "Run", cell: (delivery) => <RunLink run={delivery.facts["run"]} row /> },
  { title: "Attempts", number: true, cell: (delivery) => delivery.attempts },
  { title: "Outcome", cell: (delivery) => delivery.outcome || "–" },
  {
    title: "Next attempt",
    wideOnly: true,
    cell: (delivery) => (delivery.next_at ? <Age at={delivery.next_at} /> : "–"),
  },
  { title: "Since", wideOnly: true, cell: (delivery) => <Age at={delivery.created_at} /> },
  { title: "", cell: (delivery) => <Retry delivery={delivery} /> },
];

/** Who was told of what, and whether it arrived. */
export function AlertsPage() {
  useTitle("Alerts");
  const [state, setState] = useSearchValue("state");
  const pages = usePages(
    `deliveries?${state}`,
    (after, signal) => api.deliveries({ limit: 50, after, state: state || undefined }, signal),
    ["deliveries"],
  );
  return (
    <>
      <div className="row-between">
        <h1>Alerts</h1>
        <SelectField label="State" value={state} options={kStates} onChange={setState} />
      </div>
      <div className="panel">
        <PagedTable
          label="Alerts"
          columns={kColumns}
          pages={pages}
          keyOf={(delivery) => delivery.id}
          empty={
            <Empty title="Nobody was told of anything">
              <p>
                Failed runs, missed deadlines and old tables are told to those that{" "}
                <code>on_failure</code>, <code>deadline</code> and <code>freshness</code> name.
              </p>
            </Empty>
          }
        />
      </div>
    </>
  );
}

function Retry(props: { delivery: Delivery }) {
  const [busy, setBusy] = useState(false);
  const may = useMay("operator");
  const { id, state, receiver, title } = props.delivery;
  if (state === "delivered") return null;
  const retry = async () => {
    setBusy(true);
    await attempt(() => api.retryDelivery(id), `${receiver} is told again`);
    cache.changed(new Set(["deliveries"]));
    setBusy(false);
  };
  return (
    <Button
      disabled={busy}
      refused={may ? null : "This needs the role operator"}
      aria-label={`Tell ${receiver} again: ${title}`}
      onClick={() => void retry()}
    >
      Retry
    </Button>
  );
}
