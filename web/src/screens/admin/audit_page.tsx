import { api } from "../../api/endpoints";
import { usePages } from "../../api/query";
import { PagedTable } from "../../components/data_table";
import { Empty } from "../../components/notice";
import { StateGlyph } from "../../components/state";
import { Time } from "../../components/time";

/** Who did what, also what was denied. */
export function AuditPage() {
  const pages = usePages("audit", (after, signal) => api.audit({ limit: 100, after }, signal));
  return (
    <>
      <h1>Audit log</h1>
      <div className="panel">
        <PagedTable
          label="Audit log"
          pages={pages}
          keyOf={(entry) => entry.id}
          empty={<Empty title="Nothing is in the log yet" />}
          columns={[
            { title: "At", cell: (entry) => <Time at={entry.at} /> },
            { title: "Who", cell: (entry) => entry.user || <span className="quiet">nobody</span> },
            { title: "Did", cell: (entry) => <code>{entry.action}</code> },
            { title: "To", cell: (entry) => entry.object || "–" },
            {
              title: "Outcome",
              cell: (entry) => (
                <span className="row nowrap">
                  <StateGlyph state={entry.outcome === "ok" ? "success" : "failed"} />
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
