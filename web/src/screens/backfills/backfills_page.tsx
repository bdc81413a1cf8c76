import { useState } from "react";
import { api } from "../../api/endpoints";
import { usePages } from "../../api/query";
import { useMay } from "../../api/session";
import type { Backfill } from "../../api/types";
import { Button } from "../../components/button";
import { PagedTable, type Column } from "../../components/data_table";
import { Empty } from "../../components/notice";
import { StateChip } from "../../components/state";
import { Age, WindowLabel } from "../../components/time";
import { Link, pageOf } from "../../router";
import { BackfillDialog } from "./backfill_dialog";
import { useTitle } from "../../components/title";
import { backfillEnded, backfillTotal, Progress } from "./progress";

const kColumns: Column<Backfill>[] = [
  {
    title: "Backfill",
    cell: (backfill) => (
      <Link
        href={pageOf.backfill(backfill.id)}
        className="mono nowrap"
        title={backfill.id}
        data-nav-row
      >
        {backfill.id.slice(0, 13)}
      </Link>
    ),
  },
  {
    title: "Pipeline",
    cell: (backfill) => <Link href={pageOf.pipeline(backfill.pipeline)}>{backfill.pipeline}</Link>,
  },
  { title: "State", cell: (backfill) => <StateChip state={backfill.state} /> },
  {
    title: "Range",
    cell: (backfill) => <WindowLabel window={{ start: backfill.from, end: backfill.to }} />,
  },
  { title: "Progress", cell: (backfill) => <Progress counts={backfill.counts} /> },
  {
    title: "Ended",
    number: true,
    cell: ({ counts }) => `${backfillEnded(counts)} of ${backfillTotal(counts)}`,
  },
  { title: "Failed", number: true, cell: (backfill) => backfill.counts.failed },
  { title: "By", wideOnly: true, cell: (backfill) => backfill.by || "–" },
  { title: "Started", wideOnly: true, cell: (backfill) => <Age at={backfill.created_at} /> },
];

export function BackfillsPage() {
  useTitle("Backfills");
  const [asking, setAsking] = useState(false);
  const may = useMay("operator");
  const pages = usePages(
    "backfills",
    (after, signal) => api.backfills({ limit: 50, after }, signal),
    ["backfills"],
  );
  return (
    <>
      <div className="row-between">
        <h1>Backfills</h1>
        <Button
          look="primary"
          refused={may ? null : "This needs the role operator"}
          onClick={() => setAsking(true)}
        >
          New backfill…
        </Button>
      </div>
      <div className="panel">
        <PagedTable
          label="Backfills"
          columns={kColumns}
          pages={pages}
          keyOf={(backfill) => backfill.id}
          empty={
            <Empty title="No backfill yet">
              <p>
                A backfill runs a pipeline over windows of the past. Start one here, or click on a
                missing window of a table.
              </p>
            </Empty>
          }
        />
      </div>
      {asking && <BackfillDialog onClose={() => setAsking(false)} />}
    </>
  );
}
