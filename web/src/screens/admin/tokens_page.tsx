import { useState } from "react";
import { api } from "../../api/endpoints";
import { usePages } from "../../api/query";
import type { Role, Token } from "../../api/types";
import { Button } from "../../components/button";
import { PagedTable } from "../../components/data_table";
import { Dialog } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { Empty } from "../../components/notice";
import { Age } from "../../components/time";
import { attempt } from "../../components/toast";
import { serverNow } from "../../time/clock";
import { useTitle } from "../../components/title";
import { kRoles } from "./roles";

export function TokensPage() {
  useTitle("API tokens");
  const pages = usePages("tokens", (_after, signal) => api.tokens(signal));
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const revoke = async (token: Token) => {
    await attempt(() => api.revokeToken(token.id), `${token.name} is revoked`);
    setRevoking(null);
    await pages.refetch();
  };
  return (
    <>
      <div className="row-between">
        <h1>API tokens</h1>
        <Button look="primary" onClick={() => setAdding(true)}>
          Make a token…
        </Button>
      </div>
      <div className="panel">
        <PagedTable
          label="API tokens"
          pages={pages}
          keyOf={(token) => token.id}
          empty={
            <Empty title="There are no tokens">
              <p>
                A program sends one as <code>Authorization: Bearer …</code>.
              </p>
            </Empty>
          }
          columns={[
            { title: "Token", cell: (token) => <strong>{token.name}</strong> },
            { title: "Role", cell: (token) => <span className="tag">{token.role}</span> },
            { title: "Of", wideOnly: true, cell: (token) => token.owner || "–" },
            { title: "Made", wideOnly: true, cell: (token) => <Age at={token.created_at} /> },
            { title: "Ends", cell: (token) => <Age at={token.expires_at} none="never" /> },
            { title: "Last used", cell: (token) => <Age at={token.last_used_at} /> },
            {
              title: "",
              number: true,
              cell: (token) => (
                <Button look="quiet" onClick={() => setRevoking(token)}>
                  Revoke…
                </Button>
              ),
            },
          ]}
        />
      </div>
      {adding && (
        <TokenDialog onClose={() => setAdding(false)} onMade={() => void pages.refetch()} />
      )}
      {revoking && (
        <Dialog
          title={`Revoke ${revoking.name}`}
          onClose={() => setRevoking(null)}
          onSubmit={() => void revoke(revoking)}
          foot={
            <>
              <Button onClick={() => setRevoking(null)}>Keep</Button>
              <Button look="danger" type="submit">
                Revoke
              </Button>
            </>
          }
        >
          <p>Programs that use it are refused from now on.</p>
        </Dialog>
      )}
    </>
  );
}

function endOf(days: number): string {
  return new Date(serverNow() + days * 86_400_000).toISOString();
}

function TokenDialog(props: { onClose: () => void; onMade: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [days, setDays] = useState("90");
  const [token, setToken] = useState<string | null>(null);
  const length = Number(days);
  const wrongDays = days !== "" && !(Number.isInteger(length) && length >= 1 && length <= 3650);
  const make = async () => {
    await attempt(async () => {
      const made = await api.addToken(name.trim(), role, days === "" ? null : endOf(length));
      setToken(made.secret);
      props.onMade();
    });
  };
  if (token !== null) {
    return (
      <Dialog
        title={`Token ${name}`}
        onClose={props.onClose}
        foot={
          <Button look="primary" onClick={props.onClose}>
            I have kept it
          </Button>
        }
      >
        <p>Copy it now: only its hash is stored, and it is never shown again.</p>
        <input
          className="input mono"
          readOnly
          aria-label="The token"
          value={token}
          onFocus={(event) => event.target.select()}
        />
      </Dialog>
    );
  }
  return (
    <Dialog
      title="Make a token"
      onClose={props.onClose}
      onSubmit={() => void make()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === "" || wrongDays}>
            Make
          </Button>
        </>
      }
    >
      <TextField label="Name" hint="Which program uses it." value={name} onChange={setName} />
      <SelectField label="Role" value={role} options={kRoles} onChange={setRole} />
      <TextField
        label="Ends after days"
        type="number"
        hint="Empty: it never ends."
        error={wrongDays ? "1 to 3650" : null}
        value={days}
        onChange={setDays}
      />
    </Dialog>
  );
}
