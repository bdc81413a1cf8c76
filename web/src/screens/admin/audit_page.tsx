import { api } from "../../api/endpoints";
import { usePages } from "../../api/query";
import { PagedTable } from "../../components/data_table";
import { Empty } from "../../components/notice";
import { StateGlyph } from "../../components/state";
import { useTitle } from "../../components/title";
import { Time } from "../../components/time";

/** Who did what, also what was denied. */
export function AuditPage() {
  useTitle("Audit log");
  const pages = usePages("audit", (after, signal) => api.audit({ limit: 100, after }, signal));
  // Entries have no number of their own.
  const keys = new Map(pages.items?.map((entry, index) => [entry, String(index)]));
  return (
    <>
      <h1>Audit log</h1>
      <div className="panel">
        <PagedTable
          label="Audit log"
          pages={pages}
          keyOf={(entry) => keys.get(entry) ?? ""}
          empty={<Empty title="Nothing is in the log yet" />}
          columns={[
            { title: "At", cell: (entry) => <Time at={entry.at} /> },
            { title: "Who", cell: (entry) => entry.who || <span className="quiet">nobody</span> },
            { title: "Did", cell: (entry) => <code>{entry.what}</code> },
            { title: "To", cell: (entry) => entry.object || "–" },
            {
              title: "Outcome",
              cell: (entry) => (
                <span className="row nowrap">
                  <StateGlyph state={outcomeState(entry.outcome)} />
                  {entry.outcome}
                </span>
              ),
            },
            { title: "From", wideOnly: true, cell: (entry) => <code>{entry.address}</code> },
          ]}
        />
      </div>
    </>
  );
}

function outcomeState(outcome: string): string {
  if (outcome.startsWith("done")) return "success";
  return outcome.startsWith("denied") ? "cancelled" : "failed";
}
