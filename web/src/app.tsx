import { useEffect, type ReactNode } from "react";
import { whenUnauthorized } from "./api/client";
import { live } from "./api/live";
import { SessionProvider } from "./api/session";
import { Empty, Failure, Loading } from "./components/notice";
import { Toasts } from "./components/toast";
import { Link, matchPath, navigate, pageOf, usePath, type Params } from "./router";
import { AuditPage } from "./screens/admin/audit_page";
import { TokensPage } from "./screens/admin/tokens_page";
import { UsersPage } from "./screens/admin/users_page";
import { AlertsPage } from "./screens/alerts/alerts_page";
import { BackfillPage } from "./screens/backfill/backfill_page";
import { BackfillsPage } from "./screens/backfills/backfills_page";
import { HomePage } from "./screens/home/home_page";
import { LoginPage } from "./screens/login/login_page";
import { PipelinePage } from "./screens/pipeline/pipeline_page";
import { PipelinesPage } from "./screens/pipelines/pipelines_page";
import { RunPage } from "./screens/run/run_page";
import { RunsPage } from "./screens/runs/runs_page";
import { TablePage } from "./screens/table/table_page";
import { TablesPage } from "./screens/tables/tables_page";
import { ApiProblem } from "./api/client";
import { Shell } from "./shell/shell";

/** Address to screen. A screen is drawn anew when the thing that it shows is another one. */
const kScreens: readonly [string, (params: Params) => ReactNode][] = [
  ["/", () => <HomePage />],
  ["/pipelines", () => <PipelinesPage />],
  ["/pipelines/:name", ({ name = "" }) => <PipelinePage key={name} name={name} />],
  ["/runs", () => <RunsPage />],
  ["/runs/:id", ({ id = "" }) => <RunPage key={id} id={id} />],
  ["/tables", () => <TablesPage />],
  ["/tables/:table", ({ table = "" }) => <TablePage key={table} table={table} />],
  ["/backfills", () => <BackfillsPage />],
  ["/backfills/:id", ({ id = "" }) => <BackfillPage key={id} id={id} />],
  ["/alerts", () => <AlertsPage />],
  ["/admin/users", () => <UsersPage />],
  ["/admin/tokens", () => <TokensPage />],
  ["/admin/audit", () => <AuditPage />],
];

export function App() {
  const path = usePath();
  useEffect(() => {
    whenUnauthorized(() => {
      const here = window.location.pathname + window.location.search;
      if (window.location.pathname !== "/login") navigate(pageOf.login(here), { replace: true });
    });
  }, []);
  if (path === "/login") {
    return (
      <>
        <LoginPage />
        <Toasts />
      </>
    );
  }
  return (
    <>
      <SessionProvider
        waiting={<Loading what="Ingot" rows={8} />}
        failed={(error, retry) =>
          error instanceof ApiProblem && error.status === 401 ? (
            <Loading what="the login page" />
          ) : (
            <Failure error={error} what="Ingot" onRetry={retry} />
          )
        }
      >
        <LiveUpdates />
        <Shell path={path}>{screenOf(path)}</Shell>
      </SessionProvider>
      <Toasts />
    </>
  );
}

function screenOf(path: string): ReactNode {
  for (const [pattern, draw] of kScreens) {
    const params = matchPath(pattern, path);
    if (params) return draw(params);
  }
  return (
    <Empty title="There is no such page">
      <p>
        <Link href={pageOf.home()}>Go to the map of tables</Link>
      </p>
    </Empty>
  );
}

function LiveUpdates() {
  useEffect(() => live.start(), []);
  return null;
}
