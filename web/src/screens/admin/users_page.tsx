import { useState } from "react";
import { api } from "../../api/endpoints";
import { usePages } from "../../api/query";
import type { Role, User } from "../../api/types";
import { Button } from "../../components/button";
import { PagedTable } from "../../components/data_table";
import { Dialog } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { Empty } from "../../components/notice";
import { Age } from "../../components/time";
import { attempt } from "../../components/toast";
import { useTitle } from "../../components/title";
import { kRoles } from "./roles";

const kPasswordMin = 8;

export function UsersPage() {
  useTitle("Users");
  const pages = usePages("users", (_after, signal) => api.users(signal));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User | null>(null);
  const [changing, setChanging] = useState<User | null>(null);
  const change = async (user: User, role: Role) => {
    await attempt(() => api.changeUser(user.name, { role }), `${user.name} is ${role} now`);
    await pages.refetch();
  };
  const remove = async (user: User) => {
    await attempt(() => api.removeUser(user.name), `${user.name} is removed`);
    setRemoving(null);
    await pages.refetch();
  };
  return (
    <>
      <div className="row-between">
        <h1>Users</h1>
        <Button look="primary" onClick={() => setAdding(true)}>
          Add user…
        </Button>
      </div>
      <div className="panel">
        <PagedTable
          label="Users"
          pages={pages}
          keyOf={(user) => user.name}
          empty={
            <Empty title="There are no accounts">
              <p>Without one, Ingot listens on this machine only and asks for no password.</p>
            </Empty>
          }
          columns={[
            { title: "User", cell: (user) => <strong>{user.name}</strong> },
            {
              title: "Role",
              cell: (user) => (
                <select
                  className="input search"
                  aria-label={`Role of ${user.name}`}
                  value={user.role}
                  onChange={(event) => void change(user, event.target.value as Role)}
                >
                  {kRoles.map((role) => (
                    <option key={role.value} value={role.value}>
                      {role.title}
                    </option>
                  ))}
                </select>
              ),
            },
            { title: "Since", wideOnly: true, cell: (user) => <Age at={user.created_at} /> },
            { title: "Last login", cell: (user) => <Age at={user.last_login_at} /> },
            {
              title: "",
              number: true,
              cell: (user) => (
                <span className="row">
                  <Button look="quiet" onClick={() => setChanging(user)}>
                    New password…
                  </Button>
                  <Button look="quiet" onClick={() => setRemoving(user)}>
                    Remove…
                  </Button>
                </span>
              ),
            },
          ]}
        />
      </div>
      {adding && (
        <AccountDialog onClose={() => setAdding(false)} onDone={() => void pages.refetch()} />
      )}
      {changing && (
        <AccountDialog user={changing} onClose={() => setChanging(null)} onDone={() => {}} />
      )}
      {removing && (
        <Dialog
          title={`Remove ${removing.name}`}
          onClose={() => setRemoving(null)}
          onSubmit={() => void remove(removing)}
          foot={
            <>
              <Button onClick={() => setRemoving(null)}>Keep</Button>
              <Button look="danger" type="submit">
                Remove
              </Button>
            </>
          }
        >
          <p>Sessions of {removing.name} end at once. The audit log keeps what was done.</p>
        </Dialog>
      )}
    </>
  );
}

/** A new account, or a new password for `user`. */
function AccountDialog(props: { user?: User; onClose: () => void; onDone: () => void }) {
  const { user } = props;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const tooShort = password.length < kPasswordMin;
  const save = async () => {
    const done = await attempt(
      () =>
        user ? api.changeUser(user.name, { password }) : api.addUser(name.trim(), password, role),
      user ? `${user.name} has a new password` : `${name.trim()} can log in now`,
    );
    if (!done) return;
    props.onDone();
    props.onClose();
  };
  return (
    <Dialog
      title={user ? `New password for ${user.name}` : "Add user"}
      onClose={props.onClose}
      onSubmit={() => void save()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={tooShort || (!user && name.trim() === "")}>
            Save
          </Button>
        </>
      }
    >
      {!user && <TextField label="Name" value={name} autoComplete="off" onChange={setName} />}
      <TextField
        label="Password"
        type="password"
        autoComplete="new-password"
        hint={`At least ${kPasswordMin} characters.`}
        value={password}
        onChange={setPassword}
      />
      {!user && <SelectField label="Role" value={role} options={kRoles} onChange={setRole} />}
    </Dialog>
  );
}
