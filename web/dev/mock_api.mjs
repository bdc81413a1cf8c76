// Answers like `ingot serve` does, from a made-up platform (mock_world.mjs). Runs that are started really go on: their
// tasks run one after the other, write logs and send events.
/** @import * as Api from "../src/api/types" */
/** @import { IncomingMessage, ServerResponse } from "node:http" */
import { iso, makeWindows, makeWorld } from "./mock_world.mjs";

const kHour = 3_600_000;

class Problem extends Error {
  /** @param {number} status @param {string} title @param {string} detail */
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

/** @param {{now?: number, tables?: number, tasks?: number, taskMs?: number, login?: boolean, role?: Api.Role}} [options] */
export function makeMockApi(options = {}) {
  const taskMs = options.taskMs ?? 700;
  const world = makeWorld(options.now ?? Date.now(), options);
  /** @type {Map<string, string>} */
  const logs = new Map();
  /** @type {Set<ServerResponse>} */
  const streams = new Set();
  /** @type {string[]} */
  const ring = [];
  let lastEvent = 0;
  let runCount = 900000;
  let loggedIn = !options.login;

  /** @param {string} kind @param {object} data */
  function emit(kind, data) {
    const text = `id: ${++lastEvent}\nevent: ${kind}\ndata: ${JSON.stringify({ ...data, at: iso(Date.now()) })}\n\n`;
    ring.push(text);
    for (const stream of streams) stream.write(text);
  }

  /** What a selection of tables makes. @param {string} name @returns {Api.PipelineDetail} */
  function selection(name) {
    const select = name.slice("select:".length);
    return {
      name,
      description: "",
      owner: "",
      tags: [],
      schedule: { kind: "none", text: "", timezone: "" },
      paused: false,
      next_run_at: null,
      waiting_for: "",
      window: "hour",
      timezone: "UTC",
      active_runs: 1,
      task_count: 1,
      problem: "",
      params: {},
      recent_runs: [],
      tasks: [
        {
          task: "tables",
          definition: "tables",
          kind: "models",
          work: `models ${select}`,
          after: [],
          when: "success",
          pool: "",
          priority: 0,
          retries: 0,
        },
      ],
      source: { file: "", text: "" },
    };
  }

  /** @param {string} name */
  function pipeline(name) {
    const found = name.startsWith("select:")
      ? selection(name)
      : world.pipelines.find((each) => each.name === name);
    if (!found) throw new Problem(404, "Not found", `There is no pipeline ${name}.`);
    const runs = world.runs.filter((run) => run.pipeline === name);
    return {
      ...found,
      recent_runs: runs.slice(0, 10).map(headOf),
    };
  }

  /** @param {string} id */
  function run(id) {
    const found = world.runs.find((each) => each.run_id === id);
    if (!found) throw new Problem(404, "Not found", `There is no run ${id}.`);
    return found;
  }

  /** @param {string} id */
  function backfill(id) {
    const found = world.backfills.find((each) => each.id === id);
    if (!found) throw new Problem(404, "Not found", `There is no backfill ${id}.`);
    return found;
  }

  /** @param {string} name */
  function table(name) {
    const found = world.tables.find((each) => each.table === name);
    if (!found) throw new Problem(404, "Not found", `There is no table ${name}.`);
    return found;
  }

  /** @param {Api.RunDetail} run @param {Api.RunTask} task @param {number} attempt */
  function logOf(run, task, attempt) {
    const key = `${run.run_id}/${task.task}/${attempt}`;
    const kept = logs.get(key);
    if (kept !== undefined) return kept;
    const started = Date.parse(task.attempts[attempt - 1]?.started ?? run.queued_at);
    const lines = Array.from(
      { length: 120 },
      (_, line) =>
        `${iso(started + line * 40)} ${line % 17 === 9 ? "WARN " : "INFO "} ${task.work}: batch ${line}, ${line * 811} rows`,
    );
    if (task.state === "failed") lines.push(`${iso(started + 5000)} ERROR ${task.note}`);
    const text = lines.join("\n") + "\n";
    logs.set(key, text);
    return text;
  }

  /** @param {Api.RunDetail} run */
  function advance(run) {
    if (run.ended_at !== null) return;
    if (run.state === "queued") {
      run.state = "running";
      run.started_at = iso(Date.now());
      emit("run", { run_id: run.run_id, pipeline: run.pipeline, state: run.state });
    }
    for (const task of run.tasks) {
      if (task.state === "running") end(run, task);
    }
    for (const task of run.tasks) {
      const before = task.after.map((name) => run.tasks.find((each) => each.task === name));
      if (task.state === "waiting" && before.every((each) => each?.state === "success"))
        begin(run, task);
    }
    if (run.tasks.every((task) => task.state === "success")) {
      run.state = "success";
      run.ended_at = iso(Date.now());
      emit("run", { run_id: run.run_id, pipeline: run.pipeline, state: run.state });
      return;
    }
    setTimeout(() => advance(run), taskMs).unref();
  }

  /** @param {Api.RunDetail} run @param {Api.RunTask} task */
  function begin(run, task) {
    task.state = "running";
    task.note = "";
    task.since = iso(Date.now());
    task.attempts.push({
      attempt: task.attempts.length + 1,
      state: "running",
      started: task.since,
      ended: null,
      message: "",
    });
    logs.set(
      `${run.run_id}/${task.task}/${task.attempts.length}`,
      `${task.since} INFO  begins: ${task.work}\n`,
    );
    emit("task", {
      run_id: run.run_id,
      pipeline: run.pipeline,
      task: task.task,
      state: task.state,
    });
  }

  /** @param {Api.RunDetail} run @param {Api.RunTask} task */
  function end(run, task) {
    const now = iso(Date.now());
    task.state = "success";
    task.since = now;
    task.note = "4,211 rows written";
    const attempt = task.attempts[task.attempts.length - 1];
    if (attempt) Object.assign(attempt, { state: "success", ended: now, message: task.note });
    const key = `${run.run_id}/${task.task}/${task.attempts.length}`;
    logs.set(key, (logs.get(key) ?? "") + `${now} INFO  ${task.note}\n`);
    for (const name of task.work.split(" ")) {
      const table = world.tables.find((each) => each.table === name);
      if (table) {
        table.version = (table.version ?? 0) + 1;
        table.changed_at = now;
        table.freshness = { state: "fresh", at: now };
        emit("table", { table: name });
      }
    }
    emit("task", {
      run_id: run.run_id,
      pipeline: run.pipeline,
      task: task.task,
      state: task.state,
    });
  }

  /** @param {string} name @param {Api.StartRun} body @returns {Api.RunDetail} */
  function startRun(name, body) {
    const from = pipeline(name);
    const percent = body.params?.["sample_percent"];
    if (percent !== undefined && (typeof percent !== "number" || percent < 1 || percent > 100)) {
      throw new Problem(422, "Not a valid request", "params.sample_percent: 1 to 100");
    }
    /** @type {Api.RunDetail} */
    const started = {
      run_id: `r${++runCount}`,
      pipeline: name,
      state: "queued",
      window: body.window ?? null,
      cause: "manual",
      by: "local",
      note: body.note ?? "",
      code_version: "4be19c0",
      backfill: "",
      queued_at: iso(Date.now()),
      started_at: null,
      ended_at: null,
      lake: "s3://lake/gharchive",
      environment: "production",
      params: body.params ?? {},
      full: body.full ?? false,
      cancelled: null,
      tasks: from.tasks.map((each) => ({
        task: each.task,
        definition: each.task,
        work: each.work,
        state: "waiting",
        since: iso(Date.now()),
        note: each.after.length
          ? `waits for ${each.after.join(" and ")}`
          : "waits for a slot in the pool default",
        after: each.after,
        copy_of: null,
        item: null,
        items: null,
        retry_at: null,
        pool: each.pool,
        priority: each.priority,
        attempts: [],
      })),
    };
    world.runs.unshift(started);
    emit("run", { run_id: started.run_id, pipeline: name, state: "queued" });
    setTimeout(() => advance(started), taskMs / 2).unref();
    return started;
  }

  /** @param {string} id @param {Api.ClearTasks} body */
  function clear(id, body) {
    const asked = run(id);
    const at = Date.parse(asked.window?.start ?? "");
    const targets = world.runs
      .filter((each) => {
        if (each === asked) return true;
        const start = Date.parse(each.window?.start ?? "");
        const wanted = (body.past && start < at) || (body.future && start > at);
        return each.pipeline === asked.pipeline && wanted;
      })
      .map((each) => run(each.run_id))
      .map((target) => ({ target, tasks: tasksToClear(target, body) }))
      .filter(({ tasks }) => tasks.length > 0)
      .sort((a, b) => (a.target.window?.start ?? "").localeCompare(b.target.window?.start ?? ""));
    const runs = targets.map(({ target, tasks }) => ({
      run_id: target.run_id,
      window: target.window,
      tasks: tasks.map((task) => ({ task: task.task, state: task.state })),
    }));
    if (!body.dry_run) for (const { target, tasks } of targets) runAgain(target, tasks);
    return { runs, dry_run: body.dry_run ?? false };
  }

  /** @param {Api.RunDetail} target @param {Api.ClearTasks} body */
  function tasksToClear(target, body) {
    /** @type {Set<string>} */
    const names = new Set(body.tasks ?? target.tasks.map((task) => task.task));
    if (body.downstream) {
      for (const task of target.tasks)
        if (task.after.some((name) => names.has(name))) names.add(task.task);
    }
    return target.tasks.filter(
      (task) =>
        names.has(task.task) &&
        (!body.failed_only || ["failed", "upstream_failed"].includes(task.state)),
    );
  }

  /** @param {Api.RunDetail} target @param {Api.RunTask[]} tasks */
  function runAgain(target, tasks) {
    for (const task of tasks)
      Object.assign(task, { state: "waiting", note: "cleared", since: iso(Date.now()) });
    target.state = "running";
    target.ended_at = null;
    emit("run", { run_id: target.run_id, pipeline: target.pipeline, state: "running" });
    setTimeout(() => advance(target), taskMs).unref();
  }

  /** @param {Api.BackfillRequest} body @returns {Api.BackfillPlan} */
  function startBackfill(body) {
    const from = Math.floor(Date.parse(body.from) / kHour) * kHour;
    const to = Math.floor(Date.parse(body.to) / kHour) * kHour;
    if (!(from < to)) throw new Problem(422, "Not a valid request", "`from` must lie before `to`");
    /** @type {Api.BackfillWindow[]} */
    const windows = [];
    for (let start = from; start < to; start += kHour) {
      const done = (start / kHour) % 3 === 0 && body.redo !== "all";
      windows.push({
        start: iso(start),
        end: iso(start + kHour),
        action: done ? "skip" : "run",
        reason: done
          ? "done, and nothing it was made of has changed"
          : (start / kHour) % 5 === 0
            ? "failed before"
            : "missing",
        state: done ? "skipped" : "waiting",
        run_id: null,
      });
    }
    if (body.dry_run) return { id: null, windows };
    const id = `b${String(world.backfills.length + 1).padStart(4, "0")}`;
    const waiting = windows.filter((window) => window.action === "run").length;
    world.backfills.unshift({
      id,
      pipeline: body.pipeline,
      from: body.from,
      to: body.to,
      order: body.order ?? "oldest_first",
      active_runs: body.active_runs ?? 1,
      redo: body.redo ?? "none",
      by: "local",
      problem: "",
      ended_at: null,
      state: "running",
      created_at: iso(Date.now()),
      counts: {
        waiting,
        running: 0,
        success: 0,
        failed: 0,
        cancelled: 0,
        skipped: windows.length - waiting,
      },
      windows,
    });
    emit("backfill", { backfill: id, pipeline: body.pipeline, state: "running" });
    return { id, windows };
  }

  /** @template T @param {T[]} items @param {URLSearchParams} query @param {(item: T) => string} keyOf */
  function page(items, query, keyOf) {
    const limit = Math.min(1000, Number(query.get("limit") ?? 50));
    const after = query.get("after");
    const first = after === null ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
    const part = items.slice(first, first + limit);
    const last = part[part.length - 1];
    return { items: part, next: first + limit < items.length && last ? keyOf(last) : null };
  }

  /** @typedef {{p: string[], query: URLSearchParams, body: any, request: IncomingMessage, response: ServerResponse}} Call */
  /** @type {[string, RegExp, (call: Call) => unknown][]} */
  const routes = [
    [
      "GET",
      /^\/info$/,
      () => ({
        version: "0.4.0",
        project: "gharchive",
        environment: "production",
        lake: "s3://lake/gharchive",
        started_at: iso(world.now - 26 * kHour),
        code_version: "4be19c0",
        local_mode: !options.login,
        problems: [],
      }),
    ],
    [
      "GET",
      /^\/me$/,
      () => {
        if (!loggedIn) throw new Problem(401, "Not logged in", "Log in first.");
        return {
          user: options.login ? "oncall" : "local",
          role: options.role ?? "admin",
          csrf: "csrf-of-the-mock",
        };
      },
    ],
    [
      "POST",
      /^\/login$/,
      ({ body }) => {
        if (body.password !== "correct horse")
          throw new Problem(401, "Wrong user or password", "The user or the password is wrong.");
        loggedIn = true;
        return { user: body.user, role: "admin", csrf: "csrf-of-the-mock" };
      },
    ],
    ["POST", /^\/logout$/, () => void (loggedIn = !options.login)],
    [
      "GET",
      /^\/pipelines$/,
      ({ query }) =>
        page(
          world.pipelines.map((each) => pipeline(each.name)),
          query,
          (each) => each.name,
        ),
    ],
    ["GET", /^\/pipelines\/([^/]+)$/, ({ p }) => pipeline(p[0] ?? "")],
    [
      "PATCH",
      /^\/pipelines\/([^/]+)$/,
      ({ p, body }) => {
        pipeline(p[0] ?? "");
        const found = world.pipelines.find((each) => each.name === p[0]);
        if (found) found.paused = body.paused;
        emit("pipeline", { pipeline: p[0] });
        return pipeline(p[0] ?? "");
      },
    ],
    [
      "POST",
      /^\/pipelines\/([^/]+)\/runs$/,
      ({ p, body, response }) => {
        response.statusCode = 201;
        return startRun(p[0] ?? "", body);
      },
    ],
    [
      "GET",
      /^\/runs$/,
      ({ query }) => {
        const [name, state] = [query.get("pipeline"), query.get("state")];
        const runs = world.runs.filter(
          (each) => (!name || each.pipeline === name) && (!state || each.state === state),
        );
        return page(runs.map(headOf), query, (each) => each.run_id);
      },
    ],
    ["GET", /^\/runs\/([^/]+)$/, ({ p }) => run(p[0] ?? "")],
    [
      "PATCH",
      /^\/runs\/([^/]+)$/,
      ({ p, body }) => {
        run(p[0] ?? "").note = body.note;
        emit("run", { run_id: p[0] });
        return run(p[0] ?? "");
      },
    ],
    [
      "POST",
      /^\/runs\/([^/]+)\/cancel$/,
      ({ p, body }) => {
        const target = run(p[0] ?? "");
        Object.assign(target, {
          state: "cancelled",
          ended_at: iso(Date.now()),
          cancelled: body.reason ?? "",
        });
        for (const task of target.tasks)
          if (["waiting", "running", "queued"].includes(task.state)) task.state = "cancelled";
        emit("run", { run_id: p[0], pipeline: target.pipeline, state: "cancelled" });
        return target;
      },
    ],
    ["POST", /^\/runs\/([^/]+)\/clear$/, ({ p, body }) => clear(p[0] ?? "", body)],
    [
      "POST",
      /^\/runs\/([^/]+)\/tasks\/([^/]+)\/mark$/,
      ({ p, body }) => {
        const task = run(p[0] ?? "").tasks.find((each) => each.task === p[1]);
        if (!task) throw new Problem(404, "Not found", `There is no task ${p[1]}.`);
        task.state = body.state;
        task.note = `marked ${body.state}`;
        emit("task", { run_id: p[0], task: p[1] });
        return run(p[0] ?? "");
      },
    ],
    [
      "GET",
      /^\/runs\/([^/]+)\/tasks\/([^/]+)\/attempts\/(\d+)\/log$/,
      ({ p, query, response }) => {
        const target = run(p[0] ?? "");
        const task = target.tasks.find((each) => each.task === p[1]);
        const text = task ? logOf(target, task, Number(p[2])) : "";
        const offset = Number(query.get("offset") ?? 0);
        const bytes = Buffer.from(text).subarray(offset);
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setHeader("X-Next-Offset", String(offset + bytes.length));
        response.end(bytes);
        return kDone;
      },
    ],
    [
      "GET",
      /^\/tables$/,
      ({ query }) =>
        page(
          world.tables.map(({ columns, partition, sql, place, outputs, ...rest }) => rest),
          query,
          (each) => each.table,
        ),
    ],
    ["GET", /^\/tables\/([^/]+)$/, ({ p }) => table(p[0] ?? "")],
    [
      "GET",
      /^\/tables\/([^/]+)\/versions$/,
      ({ p, query }) => {
        const found = table(p[0] ?? "");
        const newest = found.version ?? -1;
        const versions = Array.from({ length: newest + 1 }, (_, index) => ({
          version: newest - index,
          at: iso(Date.parse(found.changed_at ?? "") - index * kHour),
          operation: index % 9 === 8 ? "OPTIMIZE" : "WRITE",
          rows_added: 40_000 + ((index * 7919) % 9000),
          rows_removed: index % 9 === 8 ? 3 : 0,
          run_id: world.runs[index]?.run_id ?? null,
        }));
        return page(versions, query, (each) => String(each.version));
      },
    ],
    [
      "GET",
      /^\/tables\/([^/]+)\/checks$/,
      ({ p, query }) => {
        const found = table(p[0] ?? "");
        const { passed, failed, warned } = found.checks ?? { passed: 0, failed: 0, warned: 0 };
        const names = [
          "not_null id",
          "unique id",
          "range events",
          "accepted type",
          "fresh",
          "row count",
          "nobody is counted twice",
          "no gap",
        ];
        const items = Array.from({ length: passed + failed + warned }, (_, index) => ({
          name: names[index % names.length] ?? "check",
          status: index < failed ? "failed" : index < failed + warned ? "warned" : "passed",
          message: index < failed ? "12 of 48,211 rows: actors > events" : "",
          at: found.changed_at ?? "",
          run_id: world.runs[0]?.run_id ?? null,
        }));
        return page(items, query, (each) => each.name);
      },
    ],
    [
      "GET",
      /^\/tables\/([^/]+)\/windows$/,
      ({ p, query }) => {
        const found = table(p[0] ?? "");
        if (found.kind !== "incremental" && found.table !== "bronze.events")
          return { window: null, items: [] };
        const to = Date.parse(query.get("to") ?? iso(Math.ceil(Date.now() / kHour) * kHour));
        return makeWindows(
          world,
          found.table,
          Date.parse(query.get("from") ?? iso(to - 7 * 24 * kHour)),
          to,
        );
      },
    ],
    [
      "GET",
      /^\/tables\/([^/]+)\/rows$/,
      ({ p, query }) => {
        const found = table(p[0] ?? "");
        const limit = found.version === null ? 0 : Number(query.get("limit") ?? 50);
        return {
          columns: found.columns.map(({ name, type }) => ({ name, type })),
          rows: Array.from({ length: limit }, (_, index) => [
            String(2489651045 + index),
            iso(world.now - index * 1234),
            index % 3 ? "PushEvent" : "IssuesEvent",
            665991 + index * 17,
            index % 4 ? null : 9285252,
            { action: index % 3 ? null : "opened", size: index % 5 },
          ]),
        };
      },
    ],
    [
      "GET",
      /^\/backfills$/,
      ({ query }) =>
        page(
          world.backfills.map(({ windows, ...rest }) => rest),
          query,
          (each) => each.id,
        ),
    ],
    [
      "POST",
      /^\/backfills$/,
      ({ body, response }) => {
        response.statusCode = body.dry_run ? 200 : 201;
        return startBackfill(body);
      },
    ],
    ["GET", /^\/backfills\/([^/]+)$/, ({ p }) => backfill(p[0] ?? "")],
    [
      "POST",
      /^\/backfills\/([^/]+)\/(pause|resume|cancel)$/,
      ({ p }) => {
        const found = backfill(p[0] ?? "");
        found.state = p[1] === "pause" ? "paused" : p[1] === "resume" ? "running" : "cancelled";
        emit("backfill", { backfill: found.id, state: found.state });
        return found;
      },
    ],
    [
      "GET",
      /^\/deliveries$/,
      ({ query }) => {
        const state = query.get("state");
        const wanted = world.deliveries.filter((each) => !state || each.state === state);
        return page(wanted, query, (each) => each.id);
      },
    ],
    [
      "POST",
      /^\/deliveries\/([^/]+)\/retry$/,
      ({ p }) => {
        const found = world.deliveries.find((each) => each.id === p[0]);
        if (!found) throw new Problem(404, "Not found", `There is no delivery ${p[0]}.`);
        Object.assign(found, { state: "delivered", outcome: "200 OK", next_at: null });
        emit("delivery", { delivery: found.id, state: found.state });
        return found;
      },
    ],
    ["GET", /^\/users$/, ({ query }) => page(world.users, query, (each) => each.name)],
    [
      "POST",
      /^\/users$/,
      ({ body }) => {
        if (world.users.some((each) => each.name === body.name))
          throw new Problem(409, "Exists", `There is a user ${body.name} already.`);
        const user = {
          name: body.name,
          role: body.role,
          created_at: iso(Date.now()),
          last_login_at: null,
        };
        world.users.push(user);
        return user;
      },
    ],
    [
      "PATCH",
      /^\/users\/([^/]+)$/,
      ({ p, body }) =>
        void Object.assign(
          world.users.find((each) => each.name === p[0]) ?? {},
          body.role ? { role: body.role } : {},
        ),
    ],
    [
      "DELETE",
      /^\/users\/([^/]+)$/,
      ({ p }) => void (world.users = world.users.filter((each) => each.name !== p[0])),
    ],
    ["GET", /^\/tokens$/, ({ query }) => page(world.tokens, query, (each) => String(each.id))],
    [
      "POST",
      /^\/tokens$/,
      ({ body }) => {
        const token = {
          id: world.tokens.length + 1,
          owner: "admin",
          name: body.name,
          role: body.role,
          created_at: iso(Date.now()),
          expires_at: null,
          last_used_at: null,
        };
        world.tokens.push(token);
        return { ...token, secret: "ingot_not-a-real-token" };
      },
    ],
    [
      "DELETE",
      /^\/tokens\/([^/]+)$/,
      ({ p }) => void (world.tokens = world.tokens.filter((each) => String(each.id) !== p[0])),
    ],
    ["GET", /^\/audit$/, ({ query }) => page(world.audit, query, (each) => each.at)],
    [
      "GET",
      /^\/events$/,
      ({ request, response }) => {
        response.writeHead(200, {
          "Content-Type": "text/event-stream",
          "Cache-Control": "no-store",
        });
        response.write(": hello\n\n");
        const last = request.headers["last-event-id"];
        if (Number(last) > lastEvent)
          response.write(`id: ${lastEvent}\nevent: reset\ndata: {}\n\n`);
        else if (last !== undefined)
          for (const text of ring.slice(Number(last))) response.write(text);
        streams.add(response);
        const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
        response.on("close", () => (streams.delete(response), clearInterval(beat)));
        return kDone;
      },
    ],
  ];

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async function handle(request, response) {
    const url = new URL(request.url ?? "/", "http://mock");
    const path = url.pathname.replace(/^\/api\/v1/, "");
    try {
      if (!loggedIn && path !== "/login") throw new Problem(401, "Not logged in", "Log in first.");
      for (const [method, pattern, answer] of routes) {
        const match = pattern.exec(path);
        if (method !== request.method || !match) continue;
        const body = method === "GET" || method === "DELETE" ? undefined : await readJson(request);
        const p = match.slice(1).map(decodeURIComponent);
        const result = answer({ p, query: url.searchParams, body, request, response });
        if (result !== kDone) sendJson(response, result);
        return;
      }
      throw new Problem(404, "Not found", `${request.method} ${path} is not part of the mock.`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      response.statusCode = error.status;
      response.setHeader("Content-Type", "application/problem+json");
      response.end(
        JSON.stringify({
          type: "about:blank",
          title: error.title,
          status: error.status,
          detail: error.message,
          code: "mock",
        }),
      );
    }
  }

  return { handle, world, emit };
}

const kDone = Symbol("answered already");

/** @param {Api.RunDetail} run @returns {Api.Run} */
function headOf({ tasks, params, full, cancelled, lake, environment, ...head }) {
  return head;
}

/** @param {ServerResponse} response @param {unknown} value */
function sendJson(response, value) {
  if (value === undefined) {
    response.statusCode = 204;
    response.end();
    return;
  }
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(value));
}

/** @param {IncomingMessage} request @returns {Promise<any>} */
async function readJson(request) {
  let text = "";
  for await (const part of request) text += part;
  return text === "" ? {} : JSON.parse(text);
}
