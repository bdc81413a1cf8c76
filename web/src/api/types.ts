// What `ingot serve` answers under /api/v1. Times are ISO 8601 in UTC.

export type Role = "viewer" | "operator" | "admin";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Info {
  version: string;
  project: string;
  environment: string;
  lake: string;
  started_at: string;
  code_version: string;
  local_mode: boolean;
  problems: { place: string; message: string }[];
}

export interface Me {
  user: string;
  role: Role;
  csrf: string;
}

export interface TimeWindow {
  start: string;
  end: string;
}

export type RunState = "queued" | "running" | "success" | "failed" | "cancelled" | "interrupted";

export type TaskState =
  | "waiting"
  | "queued"
  | "running"
  | "up_for_retry"
  | "up_for_reschedule"
  | "expanded"
  | "success"
  | "failed"
  | "skipped"
  | "upstream_failed"
  | "cancelled"
  | "removed";

export type AttemptState =
  "running" | "success" | "failed" | "timed_out" | "cancelled" | "lost" | "skipped";

/** A run as lists show it. */
export interface Run {
  run_id: string;
  pipeline: string;
  state: RunState;
  window: TimeWindow | null;
  cause: string;
  /** Who or what brought it about. */
  by: string;
  /** Empty: it is part of none. */
  backfill: string;
  code_version: string;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  /** What somebody said about it. */
  note: string;
}

export interface Schedule {
  kind: "cron" | "every" | "tables" | "file" | "webhook" | "none";
  text: string;
  timezone: string;
}

export interface Pipeline {
  name: string;
  description: string;
  owner: string;
  tags: string[];
  schedule: Schedule;
  paused: boolean;
  next_run_at: string | null;
  waiting_for: string;
  /** "hour", "15 minutes", "day in Europe/Berlin" */
  window: string | null;
  /** At a time, at most. */
  active_runs: number;
  task_count: number;
  /** Why it cannot run; empty: it can. */
  problem: string;
  /** The newest ten, newest first. */
  recent_runs: Run[];
}

export interface TaskDefinition {
  task: string;
  definition: string;
  kind: string;
  work: string;
  after: string[];
  when: string;
  pool: string;
  priority: number;
  retries: number;
}

/** The part of JSON Schema that describes a parameter. */
export interface ParamSchema {
  type?: string | string[];
  enum?: unknown[];
  default?: unknown;
  description?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

export interface PipelineDetail extends Pipeline {
  /** In which days of its windows are meant. */
  timezone: string;
  params: Record<string, ParamSchema>;
  tasks: TaskDefinition[];
  source: { file: string; text: string };
}

export interface Attempt {
  attempt: number;
  state: AttemptState;
  started: string;
  ended: string | null;
  message: string;
}

export interface RunTask {
  task: string;
  definition: string;
  work: string;
  state: TaskState;
  since: string;
  /** Why the task waits, or what came of it. */
  note: string;
  after: string[];
  /** The task that it is a copy of, for one of its items. */
  copy_of: string | null;
  /** Of such a copy. */
  item: unknown;
  /** Of a task with such copies: what gives their items. */
  items: string | null;
  retry_at: string | null;
  pool: string;
  priority: number;
  attempts: Attempt[];
}

export interface RunDetail extends Run {
  lake: string;
  environment: string;
  params: Record<string, unknown>;
  full: boolean;
  cancelled: string | null;
  tasks: RunTask[];
}

export interface StartRun {
  window?: TimeWindow;
  params?: Record<string, unknown>;
  full?: boolean;
  note?: string;
}

export interface ClearTasks {
  tasks?: string[];
  failed_only?: boolean;
  upstream?: boolean;
  downstream?: boolean;
  /** Also in the newest run of each earlier window. */
  past?: boolean;
  /** Also in the newest run of each later window. */
  future?: boolean;
  dry_run?: boolean;
}

export interface ClearedRun {
  run_id: string;
  window: TimeWindow | null;
  tasks: { task: string; state: string }[];
}

/** What runs again, or would: the runs in the order of their windows. */
export interface Cleared {
  runs: ClearedRun[];
  dry_run: boolean;
}

export interface TableSummary {
  table: string;
  layer: string;
  name: string;
  kind: string;
  description: string;
  owner: string;
  tags: string[];
  version: number | null;
  rows: number | null;
  bytes: number | null;
  files: number | null;
  changed_at: string | null;
  /** The newest results; null: none yet. */
  checks: { passed: number; failed: number; warned: number } | null;
  /** Null: nothing is asked of it. */
  freshness: { state: "fresh" | "warn" | "error" | "unknown"; at: string | null } | null;
  inputs: string[];
  /** Why its files cannot be read; empty: they can. */
  problem: string;
}

export interface TableColumn {
  name: string;
  type: string;
  description: string;
  nullable: boolean;
}

export interface TableDetail extends TableSummary {
  columns: TableColumn[];
  partition: string[];
  sql: string;
  place: string;
  /** "hour", "day in Europe/Berlin"; null: it has no windows. */
  window: string | null;
  outputs: string[];
}

export interface TableVersion {
  version: number;
  at: string;
  operation: string;
  rows_added?: number | null;
  rows_removed?: number | null;
  run_id?: string | null;
}

export interface CheckResult {
  name: string;
  status: string;
  message: string;
  at: string;
  run_id: string | null;
}

export type WindowState = "done" | "empty" | "missing" | "stale" | "open";

export interface TableWindow extends TimeWindow {
  state: WindowState;
}

export interface TableWindows {
  window: string | null;
  items: TableWindow[];
}

export interface SampleRows {
  columns: { name: string; type: string }[];
  rows: unknown[][];
}

export interface BackfillRequest {
  pipeline: string;
  from: string;
  to: string;
  order?: "oldest_first" | "newest_first";
  active_runs?: number;
  redo?: "none" | "failed" | "all";
  dry_run?: boolean;
}

export interface BackfillWindow extends TimeWindow {
  action: "run" | "skip";
  reason: string;
  /** Of its run; `waiting` before it has one, `skipped` when it gets none. */
  state: string;
  run_id: string | null;
}

export type BackfillState = "running" | "paused" | "cancelled" | "done";

export interface BackfillCounts {
  waiting: number;
  running: number;
  success: number;
  failed: number;
  cancelled: number;
  skipped: number;
}

export interface Backfill {
  id: string;
  pipeline: string;
  from: string;
  to: string;
  order: string;
  active_runs: number;
  redo: string;
  by: string;
  state: BackfillState;
  /** Why it was paused by itself. */
  problem: string;
  created_at: string;
  ended_at: string | null;
  counts: BackfillCounts;
}

export interface BackfillDetail extends Backfill {
  windows: BackfillWindow[];
}

/** What a dry run answers has no id. */
export interface BackfillPlan {
  id: string | null;
  windows: BackfillWindow[];
}

export interface Delivery {
  id: string;
  /** A name of `notify:` in project.yml. */
  receiver: string;
  event: string;
  title: string;
  text: string;
  /** `project`, `pipeline`, `run`, `task`, `table`, ..., as far as they are known. */
  facts: Record<string, string>;
  state: "waiting" | "delivered" | "given_up";
  attempts: number;
  outcome: string;
  created_at: string;
  next_at: string | null;
  ended_at: string | null;
}

export interface User {
  name: string;
  role: Role;
  created_at: string;
  last_login_at: string | null;
}

export interface Token {
  id: number;
  name: string;
  role: Role;
  /** Empty: made on the command line, or by another token. */
  owner: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface AuditEntry {
  at: string;
  who: string;
  what: string;
  object: string;
  /** `done`, `denied` or `failed`, and the status: "denied 403". */
  outcome: string;
  address: string;
}

export interface LiveEvent {
  kind: string;
  run_id?: string;
  task?: string;
  pipeline?: string;
  table?: string;
  backfill?: string;
  delivery?: string;
  state?: string;
  at?: string;
}
