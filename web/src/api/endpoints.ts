// Every call that the pages make, typed. Nothing else in web/ names a path of the API.
import { request, requestBytes, apiPath } from "./client";
import type {
  AuditEntry,
  Backfill,
  BackfillDetail,
  BackfillPlan,
  BackfillRequest,
  CheckResult,
  Cleared,
  ClearTasks,
  Delivery,
  Info,
  Me,
  Page,
  Pipeline,
  PipelineDetail,
  Role,
  Run,
  RunDetail,
  SampleRows,
  StartRun,
  TableDetail,
  TableSummary,
  TableVersion,
  TableWindows,
  Token,
  User,
} from "./types";

type Signal = AbortSignal | undefined;
const part = encodeURIComponent;

export interface PageQuery {
  limit?: number;
  after?: string | null;
}

export const api = {
  info: (signal?: Signal) => request<Info>("GET", "/info", { signal }),
  me: (signal?: Signal) => request<Me>("GET", "/me", { signal }),
  login: (user: string, password: string) =>
    request<Me>("POST", "/login", { body: { user, password } }),
  logout: () => request<void>("POST", "/logout"),

  pipelines: (query: PageQuery, signal?: Signal) =>
    request<Page<Pipeline>>("GET", "/pipelines", { query: { ...query }, signal }),
  pipeline: (name: string, signal?: Signal) =>
    request<PipelineDetail>("GET", `/pipelines/${part(name)}`, { signal }),
  pause: (name: string, paused: boolean) =>
    request<void>("PATCH", `/pipelines/${part(name)}`, { body: { paused } }),
  startRun: (pipeline: string, body: StartRun) =>
    request<Run>("POST", `/pipelines/${part(pipeline)}/runs`, { body }),

  runs: (query: PageQuery & { pipeline?: string; state?: string }, signal?: Signal) =>
    request<Page<Run>>("GET", "/runs", { query: { ...query }, signal }),
  run: (id: string, signal?: Signal) => request<RunDetail>("GET", `/runs/${part(id)}`, { signal }),
  cancelRun: (id: string, reason: string) =>
    request<void>("POST", `/runs/${part(id)}/cancel`, { body: reason === "" ? {} : { reason } }),
  noteRun: (id: string, note: string) =>
    request<void>("PATCH", `/runs/${part(id)}`, { body: { note } }),
  clear: (id: string, body: ClearTasks) =>
    request<Cleared>("POST", `/runs/${part(id)}/clear`, { body }),
  mark: (id: string, task: string, state: "success" | "failed" | "skipped") =>
    request<void>("POST", `/runs/${part(id)}/tasks/${part(task)}/mark`, { body: { state } }),

  /** The bytes of a log from `offset`, and where the next ones begin; none at the end. */
  log: async (id: string, task: string, attempt: number, offset: number, signal?: Signal) => {
    const path = logPath(id, task, attempt);
    const { bytes, headers } = await requestBytes(path, { query: { offset }, signal });
    const next = Number.parseInt(headers.get("X-Next-Offset") ?? "", 10);
    return { bytes, next: Number.isNaN(next) ? offset + bytes.byteLength : next };
  },
  logUrl: (id: string, task: string, attempt: number) => apiPath(logPath(id, task, attempt)),
  logStreamUrl: (id: string, task: string, attempt: number, offset: number) =>
    apiPath(`${logPath(id, task, attempt)}/stream`, { offset }),
  eventsUrl: () => apiPath("/events"),

  tables: (query: PageQuery, signal?: Signal) =>
    request<Page<TableSummary>>("GET", "/tables", { query: { ...query }, signal }),
  table: (table: string, signal?: Signal) =>
    request<TableDetail>("GET", `/tables/${part(table)}`, { signal }),
  versions: (table: string, query: PageQuery, signal?: Signal) =>
    request<Page<TableVersion>>("GET", `/tables/${part(table)}/versions`, {
      query: { ...query },
      signal,
    }),
  checks: (table: string, signal?: Signal) =>
    request<Page<CheckResult>>("GET", `/tables/${part(table)}/checks`, { signal }),
  windows: (table: string, from: string | undefined, to: string | undefined, signal?: Signal) =>
    request<TableWindows>("GET", `/tables/${part(table)}/windows`, { query: { from, to }, signal }),
  rows: (table: string, limit: number, signal?: Signal) =>
    request<SampleRows>("GET", `/tables/${part(table)}/rows`, { query: { limit }, signal }),

  backfills: (query: PageQuery, signal?: Signal) =>
    request<Page<Backfill>>("GET", "/backfills", { query: { ...query }, signal }),
  backfill: (id: string, signal?: Signal) =>
    request<BackfillDetail>("GET", `/backfills/${part(id)}`, { signal }),
  startBackfill: (body: BackfillRequest) => request<BackfillPlan>("POST", "/backfills", { body }),
  steerBackfill: (id: string, action: "pause" | "resume" | "cancel") =>
    request<void>("POST", `/backfills/${part(id)}/${action}`),

  deliveries: (query: PageQuery & { state?: string | undefined }, signal?: Signal) =>
    request<Page<Delivery>>("GET", "/deliveries", { query: { ...query }, signal }),
  retryDelivery: (id: string) => request<void>("POST", `/deliveries/${part(id)}/retry`),

  users: (signal?: Signal) => request<Page<User>>("GET", "/users", { signal }),
  addUser: (name: string, password: string, role: Role) =>
    request<User>("POST", "/users", { body: { name, password, role } }),
  changeUser: (name: string, change: { role?: Role; password?: string }) =>
    request<void>("PATCH", `/users/${part(name)}`, { body: change }),
  removeUser: (name: string) => request<void>("DELETE", `/users/${part(name)}`),
  tokens: (signal?: Signal) => request<Page<Token>>("GET", "/tokens", { signal }),
  addToken: (name: string, role: Role, expiresAt: string | null) =>
    request<Token & { secret: string }>("POST", "/tokens", {
      body: { name, role, expires_at: expiresAt },
    }),
  revokeToken: (id: number) => request<void>("DELETE", `/tokens/${id}`),
  audit: (query: PageQuery, signal?: Signal) =>
    request<Page<AuditEntry>>("GET", "/audit", { query: { ...query }, signal }),
};

function logPath(id: string, task: string, attempt: number): string {
  return `/runs/${part(id)}/tasks/${part(task)}/attempts/${attempt}/log`;
}
