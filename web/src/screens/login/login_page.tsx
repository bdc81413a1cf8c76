import { useState } from "react";
import { ApiProblem, setCsrfToken } from "../../api/client";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import { Button } from "../../components/button";
import { TextField } from "../../components/field";
import { useTitle } from "../../components/title";
import { navigate, useSearch } from "../../router";
import "./login.css";

/** Only a path of this site: an address from elsewhere in `next` is not followed. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}

export function LoginPage() {
  useTitle("Log in");
  const next = safeNext(useSearch().get("next"));
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const login = async () => {
    setBusy(true);
    setProblem("");
    try {
      const me = await api.login(user.trim(), password);
      setCsrfToken(me.csrf);
      cache.clear();
      navigate(next, { replace: true });
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : String(error));
      setPassword("");
    }
    setBusy(false);
  };
  return (
    <main className="login">
      <form
        className="panel login-form"
        onSubmit={(event) => {
          event.preventDefault();
          void login();
        }}
      >
        <div className="row">
          <img src="/favicon.svg" alt="" width="30" height="30" />
          <h1>Log in to Ingot</h1>
        </div>
        <TextField
          label="User"
          autoComplete="username"
          autoFocus
          required
          value={user}
          onChange={setUser}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          error={problem}
          onChange={setPassword}
        />
        <Button look="primary" type="submit" disabled={busy || user === "" || password === ""}>
          Log in
        </Button>
        <p className="quiet">
          An administrator makes accounts with <code>ingot user add</code>.
        </p>
      </form>
    </main>
  );
}
