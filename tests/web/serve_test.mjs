// The pages over the real server: a small project, its pipelines, and a browser that clicks from a trigger to gold.
// usage: serve_test.mjs INGOT
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { firstLine, needFile, openBrowser, openPage, root, skip } from "./browser.mjs";

const kHour = 3_600_000;
const kFiles = {
  "project.yml": `
name: small
lake: ./lake
params: {greeting: {type: string, default: hello}}
defaults: {start: 2020-05-01, timezone: UTC, retry_delay: 10ms}
`,
  "sources/events.yml": `
table: bronze.events
load: window
window: hour
from: {files: "./input/{window.start:%Y-%m-%d-%H}.ndjson"}
missing: {allow: 100%}
format: {ndjson: {unknown_fields: ignore}}
columns: {id: bigint, ts: timestamptz, who: varchar, amount: bigint}
`,
  "models/silver/events.sql": `/* ---
description: Events, typed.
kind: incremental
time: ts
--- */
SELECT id, ts, who, amount FROM bronze.events WHERE ts >= $window.start AND ts < $window.end
`,
  "models/gold/totals.sql": `/* ---
description: What each did in all.
kind: table
columns: {who: {type: varchar, checks: [not_null]}}
--- */
SELECT who, count(*) AS events, sum(amount)::BIGINT AS amount FROM silver.events GROUP BY ALL
`,
  "pipelines/hourly.yml": `
description: Loads an hour and builds what hangs on it.
schedule: "5 * * * *"
window: hour
catchup: none
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.* gold.*", after: load}
  check: {check: "gold.*", after: build}
  tell:  {command: [sh, -c, "for i in 1 2 3; do echo said $i; sleep 0.3; done"], after: check}
`,
  "pipelines/fails.yml": `
tasks:
  good:  {command: ["true"]}
  bad:   {command: [sh, -c, "echo about to fail; test -e mended"], after: good, retries: 0}
  never: {command: [sh, -c, "echo at last"], after: bad}
`,
};

const ingot = process.argv[2];
if (ingot === undefined) throw new Error("usage: serve_test.mjs INGOT");
needFile(ingot, "build it first");

const project = mkdtempSync(path.join(tmpdir(), "ingot_web_"));
write(kFiles);
const lastHour = Math.floor(Date.now() / kHour) - 1;
for (let hour = lastHour - 5; hour <= lastHour; hour++) writeHour(hour);

const browser = await openBrowser();
const server = spawn(ingot, ["serve", "--listen", "127.0.0.1:0"], {
  cwd: project,
  stdio: ["ignore", "pipe", "pipe"],
});
server.stderr.on("data", (text) => process.stderr.write(text));
const address = (await Promise.race([firstLine(server.stdout), firstLine(server.stderr)])).replace(
  /\/$/,
  "",
);
const start = await (await fetch(`${address}/`)).text();
if (start.includes("make web")) {
  await stop();
  skip("the program was built without its pages; make web, then build it again");
}
const { paths } = await (await fetch(`${address}/api/v1/openapi.json`)).json();

after(stop);

async function stop() {
  await browser.close();
  server.kill("SIGTERM");
  if (server.exitCode === null) await new Promise((resolve) => server.on("exit", resolve));
  rmSync(project, { recursive: true, force: true });
}

function write(files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(project, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function writeHour(hour) {
  const start = new Date(hour * kHour).toISOString();
  const rows = Array.from({ length: 20 }, (_, row) =>
    JSON.stringify({
      id: hour * 1000 + row,
      ts: `${start.slice(0, 13)}:${String(row).padStart(2, "0")}:00Z`,
      who: `p${row % 3}`,
      amount: row,
    }),
  );
  const name = `${start.slice(0, 10)}-${start.slice(11, 13)}`;
  write({ [`input/${name}.ndjson`]: `${rows.join("\n")}\n` });
}

/** Runs `work` on a page; the server may have refused nothing that the pages asked for. */
async function onPage(at, work) {
  const { page, wrong, close } = await openPage(browser, address);
  page.on("response", (response) => {
    if (response.status() < 400) return;
    wrong.push(`${response.status()} of ${response.request().method()} ${response.url()}`);
  });
  try {
    await page.goto(address + at);
    await work(page);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
}

const hasTables = paths["/api/v1/tables"] !== undefined;
const tablesOnly = hasTables ? {} : { skip: "this server does not tell of tables yet" };

test("a run goes from its trigger to gold, and its log is followed", async () => {
  await onPage("/pipelines", async (page) => {
    await page.getByText("hourly at minute 5").waitFor();
    await page.getByRole("button", { name: "Start hourly" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("greeting").fill("good morning");
    await dialog.getByLabel("Note").fill("by a test");
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByText("by a test").waitFor();
    await page.locator('[data-task="tell"][data-state=running]').click();
    await page.locator(".log-line", { hasText: "said 1" }).waitFor();
    await page.locator(".log-line", { hasText: "said 3" }).waitFor();
    await page.locator("main h1 + [data-state=success]").waitFor();
    assert.equal(await page.locator("[data-task][data-state=success]").count(), 4);
    await page.getByRole("tab", { name: "Graph" }).click();
    assert.equal(await page.locator(".graph-node.state-success").count(), 4);
    await page.getByRole("tab", { name: "Details" }).click();
    await page.getByText("good morning").waitFor();
  });
});

test("the map and the pages of tables show what the run built", tablesOnly, async () => {
  await onPage("/", async (page) => {
    const tile = page.locator('[data-table="gold.totals"]');
    await tile.getByText(/^3 rows/).waitFor();
    await tile.click();
    await page.waitForURL(/\/tables\/gold\.totals/);
    await page.getByText("What each did in all.").waitFor();
    for (const [tab, sign] of [
      ["Columns", "amount"],
      ["Versions", "0"],
      ["Checks", "passed"],
      ["Rows", "p1"],
      ["SQL", "silver.events"],
    ]) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.locator("main .panel", { hasText: sign }).first().waitFor();
    }
    await page.reload();
    await page.locator("main .panel", { hasText: "silver.events" }).first().waitFor();
  });
});

test("missing hours are backfilled from the strip of a table", tablesOnly, async () => {
  await onPage("/tables/silver.events?days=3", async (page) => {
    const last = new Date((lastHour - 1) * kHour).toISOString().slice(0, 13);
    await page.locator(`[data-state=missing][data-window^="${last}"]`).click();
    const dialog = page.getByRole("dialog");
    const from = new Date((lastHour - 3) * kHour).toISOString().slice(0, 16).replace("T", " ");
    await dialog.getByLabel("From (UTC)").fill(from);
    await dialog.getByRole("button", { name: "Start 3 runs" }).click();
    await page.waitForURL(/\/backfills\//);
    await page.locator("main h1 + [data-state=done]").waitFor();
    await page.goto(`${address}/tables/silver.events?days=3`);
    await page.locator(`[data-state=done][data-window^="${last}"]`).waitFor();
  });
});

test("a backfill is planned, run and followed to its end", async () => {
  await onPage("/pipelines/hourly", async (page) => {
    await page.getByRole("button", { name: "Backfill…" }).click();
    const dialog = page.getByRole("dialog");
    const field = (hour) => new Date(hour * kHour).toISOString().slice(0, 16).replace("T", " ");
    await dialog.getByLabel("From (UTC)").fill(field(lastHour - 5));
    await dialog.getByLabel("To, not included").fill(field(lastHour - 3));
    await dialog.getByText("2 of 2 windows would run").waitFor();
    await dialog.getByLabel("Runs at a time").fill("2");
    await dialog.getByRole("button", { name: "Start 2 runs" }).click();
    await page.waitForURL(/\/backfills\//);
    await page.locator("main h1 + [data-state=done]").waitFor();
    await page.getByText("2 of 2 windows ended").waitFor();
    await page.locator("tbody [data-nav-row]").first().click();
    await page.getByText("backfill", { exact: false }).first().waitFor();
  });
});

test("a failed run is understood, mended and run again from where it failed", async () => {
  await onPage("/pipelines/fails", async (page) => {
    await page.getByRole("button", { name: "Start…" }).click();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.locator("main h1 + [data-state=failed]").waitFor();
    await page.locator(".message", { hasText: "exit code" }).waitFor();
    await page.locator(".log-line", { hasText: /^2about to fail$/ }).waitFor();
    write({ mended: "" });
    await page.getByRole("button", { name: "Run again…" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("These would run again:").waitFor();
    assert.deepEqual(
      (await dialog.locator("li").allTextContents()).map(
        (text) => text.trim().split(/\s|failed|upstream/)[0],
      ),
      ["bad", "never"],
    );
    await dialog.getByRole("button", { name: "Run 2 again" }).click();
    await page.locator("main h1 + [data-state=success]").waitFor();
    await page.goto(`${address}/pipelines/fails`);
    await page.locator("td .square").first().waitFor();
    assert.equal(await page.locator("td .square.state-success").count(), 3);
  });
});

test("a failed run's alert is shown, and tried again by a click", async () => {
  write({
    "project.yml": `${kFiles["project.yml"]}notify: {pager: {command: [sh, -c, "test -e paged_well"]}}\n`,
    "pipelines/told.yml": `
on_failure: {notify: pager}
tasks: {bad: {command: ["false"], retries: 0}}
`,
  });
  await onPage("/pipelines", async (page) => {
    await page.getByRole("button", { name: "Start told" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.locator("main h1 + [data-state=failed]").waitFor();
    await page.goto(`${address}/alerts?state=waiting`);
    await page.locator("tbody tr", { hasText: "told failed" }).waitFor();
    write({ paged_well: "" });
    await page.getByRole("button", { name: /Tell pager again/ }).click();
    await page.getByText("Nobody was told of anything").waitFor();
    await page.getByLabel("State").selectOption("delivered");
    await page.locator("tbody tr", { hasText: "told failed" }).getByRole("link").click();
    await page.waitForURL(/\/runs\//);
    await page.locator("main h1 + [data-state=failed]").waitFor();
  });
});

test("a pipeline is paused, a run noted, cancelled and a task marked", async () => {
  write({
    "pipelines/slow.yml": `
tasks:
  wait: {command: [sleep, "60"]}
  then: {command: ["true"], after: wait}
`,
  });
  await onPage("/pipelines", async (page) => {
    await page.getByRole("switch", { name: "Pause hourly" }).click();
    await page.getByRole("switch", { name: "hourly is paused; switch it on" }).click();
    await page.getByRole("switch", { name: "Pause hourly" }).waitFor();
    // The project was changed on the disk: the list follows by itself.
    await page.getByRole("button", { name: "Start slow" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByRole("button", { name: "Note…" }).click();
    await page.getByLabel("Note on this run").fill("too slow");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".run-note", { hasText: "too slow" }).waitFor();
    await page.locator('[data-task="then"][data-state=waiting]').waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByLabel("Reason").fill("not needed");
    await page.getByRole("button", { name: "Cancel the run" }).click();
    await page.getByText("not needed").first().waitFor();
    await page.locator("main h1 + [data-state=cancelled]").waitFor();
    await page.locator('[data-task="wait"]').click();
    await page.getByLabel("Mark wait").selectOption("success");
    await page.locator('[data-task="wait"][data-state=success]').waitFor();
  });
});

test("a project that does not load is told about, with its place", async () => {
  await onPage("/pipelines", async (page) => {
    await page.getByText("hourly at minute 5").waitFor();
    write({ "pipelines/broken.yml": "tasks: {x: {comand: [a]}}\n" });
    await page.getByText("pipelines/broken.yml:1").first().waitFor();
    rmSync(path.join(project, "pipelines/broken.yml"));
    await page.getByText("pipelines/broken.yml:1").first().waitFor({ state: "detached" });
  });
});

test("users, tokens and the audit log can be kept", async () => {
  await onPage("/admin/tokens", async (page) => {
    await page.getByText("There are no tokens").waitFor();
    await page.getByRole("button", { name: "Make a token…" }).click();
    await page.getByLabel("Name").fill("deploys");
    await page.getByRole("button", { name: "Make", exact: true }).click();
    const secret = await page.getByLabel("The token").inputValue();
    assert.match(secret, /^ingot_/);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("button", { name: "Revoke…" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("There are no tokens").waitFor();
    await page.goto(`${address}/admin/audit`);
    await page.locator("tbody tr", { hasText: "revoke_token" }).waitFor();
  });
});

test("the first account closes the door, and its owner comes in by it", async () => {
  const { page, wrong, close } = await openPage(browser, address);
  try {
    await page.goto(`${address}/admin/users`);
    await page.getByText("There are no accounts").waitFor();
    await page.getByRole("button", { name: "Add user…" }).click();
    await page.getByLabel("Name").fill("first");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByLabel("Role").selectOption("admin");
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(/\/login\?next=/);
    await page.goto(`${address}/runs?state=failed`);
    await page.waitForURL(/\/login\?next=/);
    await page.getByLabel("User").fill("first");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.locator(".field-error").waitFor();
    await page.getByLabel("Password").fill("correct horse battery");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\?state=failed$/);
    await page.goto(`${address}/pipelines`);
    await page.getByRole("switch", { name: "Pause hourly" }).click();
    await page.getByRole("status").getByText("hourly is paused").waitFor();
    await page.getByRole("switch", { name: "hourly is paused; switch it on" }).click();
    await page.getByRole("status").getByText("hourly runs by its schedule again").waitFor();
    await page.getByRole("switch", { name: "Pause hourly" }).waitFor();
    await page.getByRole("button", { name: "first" }).click();
    await page.getByRole("button", { name: "Log out first" }).click();
    await page.waitForURL(/\/login/);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});
