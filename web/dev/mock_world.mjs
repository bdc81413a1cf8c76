// A made-up platform for developing and testing the pages: the same on every start, apart from the time it starts at.
/** @import * as Api from "../src/api/types" */

const kSecond = 1000;
const kMinute = 60 * kSecond;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

/** @param {number} time */
export const iso = (time) => new Date(Math.floor(time)).toISOString();

/** Numbers of [0, 1) that are the same for the same seed. @param {number} seed */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/**
 * @typedef {object} World
 * @property {number} now
 * @property {Api.PipelineDetail[]} pipelines
 * @property {Api.RunDetail[]} runs newest first
 * @property {Api.TableDetail[]} tables
 * @property {Api.BackfillDetail[]} backfills
 * @property {Api.Delivery[]} deliveries newest first
 * @property {Api.User[]} users
 * @property {Api.Token[]} tokens
 * @property {Api.AuditEntry[]} audit
 */

/** @param {number} now @param {{tables?: number, tasks?: number}} [options] @returns {World} */
export function makeWorld(now, options = {}) {
  const pipelines = makePipelines(now);
  if (options.tasks) pipelines.push(wideOne(options.tasks, pipelines));
  const runs = makeRuns(now, pipelines);
  const tables = makeTables(now, options.tables ?? 0);
  return {
    now,
    pipelines,
    runs,
    tables,
    backfills: makeBackfills(now, runs),
    deliveries: makeDeliveries(now, runs),
    users: [
      {
        name: "admin",
        role: "admin",
        created_at: iso(now - 40 * kDay),
        last_login_at: iso(now - kHour),
      },
      {
        name: "oncall",
        role: "operator",
        created_at: iso(now - 12 * kDay),
        last_login_at: iso(now - kHour),
      },
      { name: "reader", role: "viewer", created_at: iso(now - 3 * kDay), last_login_at: null },
    ],
    tokens: [
      {
        id: 1,
        owner: "admin",
        name: "deploys",
        role: "operator",
        created_at: iso(now - 20 * kDay),
        expires_at: iso(now + 70 * kDay),
        last_used_at: iso(now - 3 * kHour),
      },
    ],
    audit: makeAudit(now),
  };
}

/** @param {number} now @param {Api.RunDetail[]} runs @returns {Api.Delivery[]} */
function makeDeliveries(now, runs) {
  const failed = runs.filter((run) => run.state === "failed").slice(0, 3);
  /** @type {Api.Delivery["state"][]} */
  const states = ["waiting", "delivered", "given_up"];
  return failed.map((run, index) => ({
    id: `d${9 - index}`,
    receiver: index === 1 ? "team" : "oncall",
    event: "run_failed",
    title: `${run.pipeline} failed`,
    text: "load failed, 3 attempts: the file is not there",
    facts: { project: "gharchive", pipeline: run.pipeline, run: run.run_id },
    state: states[index] ?? "delivered",
    attempts: index + 1,
    outcome: index === 1 ? "200 OK" : "503 Service Unavailable",
    created_at: iso(now - (index + 1) * kHour),
    next_at: index === 0 ? iso(now + 10 * kMinute) : null,
    ended_at: index === 0 ? null : iso(now - index * kHour),
  }));
}

/** @param {string} task @param {string} kind @param {string} work @param {string[]} after @returns {Api.TaskDefinition} */
function definition(task, kind, work, after) {
  return {
    task,
    definition: task,
    kind,
    work: `${kind} ${work}`,
    after,
    when: "success",
    pool: "default",
    priority: 0,
    retries: 2,
  };
}

/** @param {number} now @returns {Api.PipelineDetail[]} */
function makePipelines(now) {
  const hour = Math.floor(now / kHour) * kHour;
  /** @type {Partial<Api.PipelineDetail>} */
  const plain = {
    owner: "platform",
    tags: [],
    paused: false,
    waiting_for: "",
    window: null,
    timezone: "UTC",
    params: {},
  };
  /** @type {Partial<Api.PipelineDetail>[]} */
  const pipelines = [
    {
      name: "gharchive_hourly",
      description: "Loads the hour that just closed and brings every table up to date.",
      owner: "data-eng",
      tags: ["hourly", "gharchive"],
      schedule: { kind: "cron", text: "5 * * * *", timezone: "UTC" },
      next_run_at: iso(hour + kHour + 5 * kMinute),
      window: "hour",
      params: {
        source: {
          type: "string",
          enum: ["archive", "mirror"],
          default: "archive",
          description: "Where the hour's file is taken from.",
        },
        sample_percent: {
          type: "integer",
          minimum: 1,
          maximum: 100,
          default: 100,
          description: "How much of the hour is loaded.",
        },
        verify: {
          type: "boolean",
          default: true,
          description: "Compare the counts with the source's.",
        },
      },
      tasks: [
        definition("load", "ingest", "bronze.events", []),
        definition("silver_events", "models", "silver.events", ["load"]),
        definition("silver_kinds", "models", "silver.push_events silver.issue_events", [
          "silver_events",
        ]),
        definition("gold_activity", "models", "gold.hourly_activity", ["silver_events"]),
        definition("gold_dims", "models", "gold.users gold.repos", ["silver_kinds"]),
        definition("gold_top", "models", "gold.top_repositories", ["gold_dims", "gold_activity"]),
        definition("check", "check", "silver.* gold.*", ["gold_top"]),
        definition("export", "export", "gold.hourly_activity to postgres", ["check"]),
      ],
      source: {
        file: "pipelines/gharchive_hourly.yml",
        text: kHourlyText,
      },
    },
    {
      name: "procurement",
      description: "Public contracts: every six hours, refuses input that is stale.",
      owner: "data-eng",
      tags: ["procurement"],
      schedule: { kind: "cron", text: "0 */6 * * *", timezone: "Europe/Berlin" },
      next_run_at: iso(hour + 4 * kHour),
      tasks: [
        definition("load", "ingest", "bronze.notices bronze.awards", []),
        definition("models", "models", "silver.* gold.*", ["load"]),
        definition("check", "check", "gold.*", ["models"]),
      ],
      source: {
        file: "pipelines/procurement.yml",
        text: 'schedule: {cron: "0 */6 * * *", timezone: Europe/Berlin}\n',
      },
    },
    {
      name: "users_follow",
      description: "Brings the user tables up to date when the events they are made of change.",
      tags: ["gharchive"],
      schedule: {
        kind: "tables",
        text: "silver.push_events & silver.issue_events",
        timezone: "UTC",
      },
      next_run_at: null,
      waiting_for: "silver.issue_events has not changed since the run of 14:06",
      tasks: [definition("build", "models", "gold.users+", [])],
      source: {
        file: "pipelines/users_follow.yml",
        text: "schedule: {tables: silver.push_events & silver.issue_events}\n",
      },
    },
    {
      name: "nightly_maintenance",
      description: "Compacts small files and removes what nothing refers to.",
      schedule: { kind: "cron", text: "30 2 * * mon-fri", timezone: "UTC" },
      next_run_at: null,
      paused: true,
      tasks: [
        definition("compact", "command", "ingot compact --all", []),
        definition("vacuum", "command", "ingot vacuum --older-than 7d", ["compact"]),
      ],
      source: { file: "pipelines/nightly_maintenance.yml", text: 'schedule: "30 2 * * mon-fri"\n' },
    },
    {
      name: "adhoc_report",
      description: "",
      owner: "",
      schedule: { kind: "none", text: "", timezone: "UTC" },
      next_run_at: null,
      tasks: [definition("report", "sql", "select * from gold.top_repositories", [])],
      source: { file: "pipelines/adhoc_report.yml", text: 'tasks:\n  report: {sql: "select 1"}\n' },
    },
  ];
  return pipelines.map((each) => {
    const pipeline = /** @type {Api.PipelineDetail} */ ({ ...plain, ...each });
    pipeline.task_count = pipeline.tasks.length;
    pipeline.recent_runs = [];
    return pipeline;
  });
}

/** A pipeline of so many tasks. @param {number} count @param {Api.PipelineDetail[]} others @returns {Api.PipelineDetail} */
function wideOne(count, others) {
  const tasks = Array.from({ length: count }, (_, index) =>
    definition(
      `task_${index}`,
      "command",
      `echo ${index}`,
      index < 50 ? [] : [`task_${Math.floor(index / 3)}`],
    ),
  );
  const like = /** @type {Api.PipelineDetail} */ (
    others.find((each) => each.name === "procurement")
  );
  return { ...like, name: "wide", tags: [], tasks, task_count: count };
}

const kHourlyText = `description: Loads the hour that just closed and brings every table up to date.
schedule: "5 * * * *"
window: hour
catchup: latest
params:
  source: {type: string, enum: [archive, mirror], default: archive}
tasks:
  load:          {ingest: [bronze.events], retries: 5}
  silver_events: {models: silver.events, after: load}
  silver_kinds:  {models: [silver.push_events, silver.issue_events], after: silver_events}
  gold_activity: {models: gold.hourly_activity, after: silver_events}
  gold_dims:     {models: [gold.users, gold.repos], after: silver_kinds}
  gold_top:      {models: gold.top_repositories, after: [gold_dims, gold_activity]}
  check:         {check: "silver.* gold.*", after: gold_top}
  export:        {export: gold.hourly_activity, to: postgres, after: check}
`;

/** @param {number} now @param {Api.PipelineDetail[]} pipelines */
function makeRuns(now, pipelines) {
  const random = randomNumbers(7);
  /** @type {Api.RunDetail[]} */
  const runs = [];
  let count = 0;
  const hour = Math.floor(now / kHour) * kHour;
  for (const pipeline of pipelines) {
    const hourly = pipeline.name === "gharchive_hourly";
    const spacing = hourly ? kHour : pipeline.name === "procurement" ? 6 * kHour : 11 * kHour;
    const history = hourly
      ? 64
      : pipeline.name === "adhoc_report"
        ? 0
        : pipeline.name === "wide"
          ? 2
          : 14;
    for (let age = 0; age < history; age++) {
      const start = hour - age * spacing - (hourly ? 0 : 2 * kHour) + (hourly ? 5 * kMinute : 0);
      const at = Math.min(start, now - 40 * kSecond);
      const outcome =
        hourly && age === 0 ? "running" : random() < 0.1 && age > 1 ? "failed" : "success";
      const window = hourly
        ? { start: iso(hour - (age + 1) * kHour), end: iso(hour - age * kHour) }
        : null;
      runs.push(
        makeRun(`r${String(++count).padStart(6, "0")}`, pipeline, at, outcome, window, random, now),
      );
    }
  }
  runs.sort((a, b) => Date.parse(b.queued_at) - Date.parse(a.queued_at));
  return runs;
}

/**
 * @param {string} id @param {Api.PipelineDetail} pipeline @param {number} at @param {string} outcome
 * @param {Api.TimeWindow | null} window @param {() => number} random @param {number} now @returns {Api.RunDetail}
 */
function makeRun(id, pipeline, at, outcome, window, random, now) {
  /** @type {Api.RunTask[]} */
  const tasks = [];
  /** @type {Map<string, number>} */
  const ends = new Map();
  const failing = outcome === "failed" ? Math.floor(random() * pipeline.tasks.length) : -1;
  const reached =
    outcome === "running" ? Math.ceil(pipeline.tasks.length / 2) - 1 : pipeline.tasks.length;
  let end = at;
  for (const [index, each] of pipeline.tasks.entries()) {
    const begin = Math.max(at + 120, ...each.after.map((name) => ends.get(name) ?? at)) + 4;
    const length = (each.kind === "ingest" ? 9000 : 1500) * (0.5 + random());
    /** @type {Api.RunTask} */
    const task = {
      task: each.task,
      definition: each.task,
      work: each.work,
      state: "success",
      since: iso(begin + length),
      note: "",
      after: each.after,
      copy_of: null,
      item: null,
      items: null,
      retry_at: null,
      pool: each.pool,
      priority: each.priority,
      attempts: [],
    };
    const upstreamFailed = each.after.some((name) =>
      ["failed", "upstream_failed"].includes(
        tasks.find((other) => other.task === name)?.state ?? "",
      ),
    );
    if (upstreamFailed) {
      task.state = "upstream_failed";
      task.note = `${each.after.find((name) => tasks.some((other) => other.task === name && other.state !== "success"))} failed`;
      task.since = iso(begin);
      ends.set(each.task, begin);
    } else if (index > reached) {
      task.state = "waiting";
      task.since = iso(at);
      task.note = `waits for ${each.after.join(" and ")}`;
    } else if (index === reached) {
      task.state = "running";
      task.since = iso(Math.min(begin, now - 3000));
      task.attempts = [
        { attempt: 1, state: "running", started: task.since, ended: null, message: "" },
      ];
    } else if (index === failing) {
      task.state = "failed";
      task.note = "the check `nobody is counted twice` failed on 12 of 48,211 rows";
      task.attempts = [1, 2, 3].map((attempt) => ({
        attempt,
        state: "failed",
        started: iso(begin + (attempt - 1) * (length + 5000)),
        ended: iso(begin + (attempt - 1) * (length + 5000) + length),
        message: "silver.push_events: check `nobody is counted twice` failed on 12 of 48,211 rows",
      }));
      ends.set(each.task, begin + 3 * length + 10000);
      task.since = iso(begin + 3 * length + 10000);
    } else {
      const retried = random() < 0.06;
      const second = begin + length * 0.4 + 2000;
      task.note =
        each.kind === "check"
          ? "14 checks passed"
          : `${Math.floor(random() * 200_000)} rows written`;
      task.attempts = retried
        ? [
            {
              attempt: 1,
              state: "failed",
              started: iso(begin),
              ended: iso(begin + length * 0.4),
              message: "connection reset by peer",
            },
            {
              attempt: 2,
              state: "success",
              started: iso(second),
              ended: iso(second + length),
              message: task.note,
            },
          ]
        : [
            {
              attempt: 1,
              state: "success",
              started: iso(begin),
              ended: iso(begin + length),
              message: task.note,
            },
          ];
      ends.set(each.task, retried ? second + length : begin + length);
      task.since = iso(ends.get(each.task) ?? begin);
    }
    end = Math.max(end, ends.get(each.task) ?? end);
    tasks.push(task);
  }
  const state = /** @type {Api.RunState} */ (outcome);
  return {
    run_id: id,
    pipeline: pipeline.name,
    state,
    window,
    cause: pipeline.schedule.kind === "tables" ? "tables" : "scheduled",
    by: "schedule",
    note: "",
    code_version: "4be19c0",
    backfill: "",
    queued_at: iso(at),
    started_at: iso(at + 90),
    ended_at: state === "running" ? null : iso(end),
    lake: "s3://lake/gharchive",
    environment: "production",
    params: {},
    full: false,
    cancelled: null,
    tasks,
  };
}

/** @param {number} now @param {number} extra @returns {Api.TableDetail[]} */
function makeTables(now, extra) {
  const random = randomNumbers(11);
  /** @type {[string, string, string[], string][]} */
  const plan = [
    ["bronze.events", "source", [], "Events as they are published, one hour a file."],
    ["bronze.notices", "source", [], "Notices of contracts, newest file of each day."],
    ["bronze.awards", "source", [], "Awarded contracts."],
    ["bronze.countries", "seed", [], "Countries and their codes."],
    ["silver.events", "incremental", ["bronze.events"], "One row per event, typed."],
    ["silver.push_events", "incremental", ["silver.events"], "Pushes with their commits."],
    ["silver.issue_events", "incremental", ["silver.events"], "What happened to issues."],
    [
      "silver.notices",
      "merge",
      ["bronze.notices", "bronze.countries"],
      "The newest state of each notice.",
    ],
    [
      "silver.awards",
      "merge",
      ["bronze.awards", "silver.notices"],
      "The newest state of each award.",
    ],
    [
      "gold.hourly_activity",
      "incremental",
      ["silver.events"],
      "How much of what happened in each hour.",
    ],
    [
      "gold.users",
      "scd2",
      ["silver.push_events", "silver.issue_events"],
      "People, with what changed about them.",
    ],
    [
      "gold.repos",
      "merge",
      ["silver.push_events", "silver.issue_events"],
      "Repositories with activity.",
    ],
    [
      "gold.top_repositories",
      "table",
      ["gold.repos", "gold.hourly_activity"],
      "The repositories of the month.",
    ],
    [
      "gold.spending_by_country",
      "view",
      ["silver.awards", "bronze.countries"],
      "What was spent where.",
    ],
  ];
  for (let index = 0; index < extra; index++) {
    const layer = ["bronze", "silver", "gold"][index % 3] ?? "bronze";
    const before = plan.filter(([name]) =>
      name.startsWith(layer === "gold" ? "silver." : "bronze."),
    );
    const inputs =
      layer === "bronze"
        ? []
        : [before[Math.floor(random() * before.length)]?.[0] ?? "bronze.events"];
    plan.push([`${layer}.made_${String(index).padStart(4, "0")}`, "table", inputs, ""]);
  }
  const columns = [
    {
      name: "id",
      type: "varchar",
      description: "The event's number at its source.",
      nullable: false,
    },
    { name: "created_at", type: "timestamptz", description: "When it happened.", nullable: false },
    { name: "type", type: "varchar", description: "", nullable: false },
    { name: "actor_id", type: "bigint", description: "Who did it.", nullable: false },
    {
      name: "org_id",
      type: "bigint",
      description: "Null for personal repositories.",
      nullable: true,
    },
    {
      name: "payload",
      type: "struct(action varchar, size bigint)",
      description: "",
      nullable: true,
    },
  ];
  return plan.map(([table, kind, inputs, description], index) => {
    const [layer = "", name = ""] = table.split(".");
    const never = table === "bronze.awards" || table === "silver.awards";
    const view = kind === "view";
    const changed =
      now - Math.floor((2 + random() * 50) * kMinute) - (layer === "bronze" ? 0 : 20 * kSecond);
    const failed = table === "silver.push_events" ? 1 : 0;
    return {
      table,
      layer,
      name,
      kind,
      description,
      version: never || view ? null : 400 + index,
      rows: never || view ? null : Math.floor(random() ** 3 * 90_000_000) + 212,
      bytes: never || view ? null : Math.floor(random() ** 2 * 9e9) + 4096,
      files: never || view ? null : Math.floor(random() * 900) + 1,
      changed_at: never || view ? null : iso(changed),
      checks:
        never || view || kind === "source"
          ? null
          : { passed: 4 + (index % 7), failed, warned: index === 9 ? 1 : 0 },
      freshness: {
        state: never
          ? "unknown"
          : table === "bronze.notices"
            ? "error"
            : table === "silver.notices"
              ? "warn"
              : "fresh",
        at: never ? null : iso(changed),
      },
      owner: "data-eng",
      tags: [],
      problem: "",
      window: kind === "incremental" || table === "bronze.events" ? "hour" : null,
      inputs,
      outputs: plan.filter(([, , theirs]) => theirs.includes(table)).map(([other]) => other),
      columns,
      partition: layer === "gold" ? [] : ["event_date"],
      sql:
        kind === "source" || kind === "seed"
          ? ""
          : `-- ${description}\nSELECT\n    date_trunc('hour', created_at) AS hour,\n    type,\n    count(*) AS events,\n    count(DISTINCT actor_id) AS actors\nFROM ${inputs[0]}\nWHERE created_at >= $window.start AND created_at < $window.end\nGROUP BY ALL\n`,
      place: kind === "source" ? "sources/gharchive.yml" : `models/${layer}/${name}.sql`,
    };
  });
}

/** @param {number} now @param {Api.RunDetail[]} runs @returns {Api.BackfillDetail[]} */
function makeBackfills(now, runs) {
  const hour = Math.floor(now / kHour) * kHour;
  const from = hour - 5 * kDay;
  const states = Array.from({ length: 24 }, (_, index) =>
    index < 11 ? "success" : index === 11 ? "failed" : index < 14 ? "running" : "waiting",
  );
  const windows = states.map((state, index) => ({
    start: iso(from + index * kHour),
    end: iso(from + (index + 1) * kHour),
    action: /** @type {const} */ ("run"),
    reason: index % 5 ? "missing" : "failed",
    state,
    run_id: state === "waiting" ? null : (runs[index]?.run_id ?? null),
  }));
  /** @param {string} state */
  const count = (state) => states.filter((each) => each === state).length;
  return [
    {
      id: "b0002",
      pipeline: "gharchive_hourly",
      from: iso(from),
      to: iso(from + 24 * kHour),
      order: "oldest_first",
      active_runs: 2,
      redo: "failed",
      by: "oncall",
      problem: "",
      ended_at: null,
      state: "running",
      created_at: iso(now - 12 * kMinute),
      counts: {
        waiting: count("waiting"),
        running: count("running"),
        success: count("success"),
        failed: count("failed"),
        cancelled: 0,
        skipped: 0,
      },
      windows,
    },
    {
      id: "b0001",
      pipeline: "gharchive_hourly",
      from: iso(hour - 9 * kDay),
      to: iso(hour - 8 * kDay),
      order: "newest_first",
      active_runs: 4,
      redo: "none",
      by: "oncall",
      problem: "",
      ended_at: iso(now - 2 * kDay),
      state: "done",
      created_at: iso(now - 3 * kDay),
      counts: { waiting: 0, running: 0, success: 20, failed: 0, cancelled: 0, skipped: 4 },
      windows: Array.from({ length: 24 }, (_, index) => ({
        start: iso(hour - 9 * kDay + index * kHour),
        end: iso(hour - 9 * kDay + (index + 1) * kHour),
        action: index % 6 === 5 ? "skip" : "run",
        reason: index % 6 === 5 ? "done" : "missing",
        state: index % 6 === 5 ? "skipped" : "success",
        run_id: null,
      })),
    },
  ];
}

/** @param {number} now @returns {Api.AuditEntry[]} */
function makeAudit(now) {
  const actions = [
    "run.start",
    "pipeline.pause",
    "run.cancel",
    "login",
    "token.create",
    "run.clear",
  ];
  return Array.from({ length: 90 }, (_, index) => ({
    at: iso(now - index * 37 * kMinute),
    who: ["admin", "oncall", "reader"][index % 3] ?? "admin",
    what: actions[index % actions.length] ?? "log_in",
    object: index % 2 ? "gharchive_hourly" : "r000001",
    outcome: index % 7 === 3 ? "denied 403" : "done 200",
    address: "127.0.0.1",
  }));
}

/** @param {World} world @param {string} table @param {number} from @param {number} to @returns {Api.TableWindows} */
export function makeWindows(world, table, from, to) {
  const random = randomNumbers(table.length);
  const items = [];
  const missing = new Set([31, 32, 33, 70]);
  const count = Math.min(2000, Math.floor((to - from) / kHour));
  for (let index = 0; index < count; index++) {
    const start = from + index * kHour;
    const draw = random();
    /** @type {Api.WindowState} */
    let state = draw < 0.02 ? "empty" : draw < 0.05 ? "stale" : "done";
    if (missing.has(count - index)) state = "missing";
    if (start + kHour > world.now) state = "open";
    items.push({ start: iso(start), end: iso(start + kHour), state });
  }
  return { window: "hour", items };
}
