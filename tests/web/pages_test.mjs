// A person at the pages, in a real browser, over the made-up platform of web/dev.
import assert from "node:assert/strict";
import path from "node:path";
import { after, suite, test } from "node:test";
import { findBarriers, needFile, openBrowser, openPage, root, startMock } from "./browser.mjs";

needFile(path.join(root, "build/web/dist/index.html"), "make web builds it");

const browser = await openBrowser();
after(() => browser.close());

/** Runs `work` on a fresh page over a fresh platform; no error may have shown up by its end. */
async function onPage(start, work, options = {}) {
  const mock = await startMock("--task-ms", "150", ...(options.platform ?? []));
  const { page, wrong, close } = await openPage(browser, mock.address, options.context);
  try {
    if (options.prepare) await options.prepare(page);
    await page.goto(mock.address + start);
    await work(page, mock.address);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
    await mock.stop();
  }
}

const kScreens = [
  ["/", ".tile"],
  ["/?look=graph", ".graph-node"],
  ["/pipelines", "tbody tr"],
  ["/pipelines/gharchive_hourly", ".square"],
  ["/pipelines/gharchive_hourly?tab=graph", ".graph-node"],
  ["/pipelines/gharchive_hourly?tab=runs", "tbody tr"],
  ["/pipelines/gharchive_hourly?tab=tasks", "tbody tr"],
  ["/pipelines/gharchive_hourly?tab=definition", ".code"],
  ["/runs", "tbody tr"],
  ["/runs/r000013", ".log-line"],
  ["/runs/r000013?tab=graph", ".graph-node"],
  ["/runs/r000013?tab=tasks", "tbody tr"],
  ["/runs/r000013?tab=details", ".facts"],
  ["/tables", "tbody tr"],
  ["/tables/silver.push_events", "[data-window]"],
  ["/tables/bronze.events", "[data-window]"],
  ["/tables/gold.users", ".graph-node"],
  ["/tables/silver.push_events?tab=columns", "tbody tr"],
  ["/tables/silver.push_events?tab=versions", "tbody tr"],
  ["/tables/silver.push_events?tab=checks", "tbody tr"],
  ["/tables/silver.push_events?tab=rows", "tbody tr"],
  ["/tables/silver.push_events?tab=sql", ".code"],
  ["/backfills", "tbody tr"],
  ["/backfills/b0002", ".square"],
  ["/alerts", "tbody [data-state=given_up]"],
  ["/admin/users", "tbody tr"],
  ["/admin/tokens", "tbody tr"],
  ["/admin/audit", "tbody tr"],
];

const kLists = [
  ["/", "**/api/v1/tables?*", "There are no tables yet"],
  ["/pipelines", "**/api/v1/pipelines?*", "There are no pipelines yet"],
  ["/runs", "**/api/v1/runs?*", "Nothing has run yet"],
  ["/tables", "**/api/v1/tables?*", "There are no tables yet"],
  ["/backfills", "**/api/v1/backfills?*", "No backfill yet"],
  ["/alerts", "**/api/v1/deliveries?*", "Nobody was told of anything"],
  ["/admin/tokens", "**/api/v1/tokens*", "There are no tokens"],
];

suite("the pages", { concurrency: 4 }, () => {
  for (const theme of ["light", "dark"]) {
    test(`every screen is drawn, can be read and has named controls (${theme})`, async () => {
      const context = { colorScheme: theme, reducedMotion: "reduce" };
      const work = async (page, platform) => {
        const barriers = [];
        for (const [address, sign] of kScreens) {
          await page.goto(platform + address);
          await page.locator(sign).first().waitFor();
          for (const barrier of await page.evaluate(findBarriers))
            barriers.push(`${address}: ${barrier}`);
        }
        assert.deepEqual(barriers, []);
      };
      await onPage("/", work, { context });
    });
  }

  test("a run goes from its trigger to gold, and all is seen as it happens", async () => {
    const work = async (page) => {
      const gold = page.locator('[data-table="gold.top_repositories"]');
      const before = await gold.textContent();
      await page.getByRole("link", { name: "Pipelines" }).click();
      await page.getByRole("button", { name: "Start gharchive_hourly" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("sample_percent").fill("0");
      assert.equal(
        await dialog.getByRole("button", { name: "Start", exact: true }).isDisabled(),
        true,
      );
      await dialog.getByLabel("sample_percent").fill("50");
      await dialog.getByRole("button", { name: "The last hour that is over" }).click();
      await dialog.getByRole("tab", { name: "As JSON" }).click();
      assert.deepEqual(JSON.parse(await dialog.getByLabel("Parameters as JSON").inputValue()), {
        sample_percent: 50,
      });
      await dialog.getByLabel("Note").fill("by a test");
      await dialog.getByRole("button", { name: "Start", exact: true }).click();
      await page.waitForURL(/\/runs\/r9/);
      await page.getByText("by a test").waitFor();
      const waiting = page.locator('[data-task="export"]');
      assert.match(await waiting.textContent(), /waits for check/);
      await page.locator("main h1 + [data-state=success]").waitFor();
      assert.equal(await page.locator("[data-task][data-state=success]").count(), 8);
      assert.equal(await page.title(), "success · gharchive_hourly · Ingot");
      await page.locator('[data-task="gold_top"]').click();
      await page.locator(".log-line", { hasText: "4,211 rows written" }).waitFor();
      await page.getByRole("link", { name: "Map", exact: true }).click();
      await gold.waitFor();
      assert.notEqual(await gold.textContent(), before);
    };
    await onPage("/", work, { platform: ["--task-ms", "600"] });
  });

  test("an alert that nobody took is told again by a click", async () => {
    await onPage("/alerts?state=given_up", async (page) => {
      await page.getByRole("button", { name: /Tell oncall again/ }).click();
      await page.getByRole("status").getByText("oncall is told again").waitFor();
      await page.getByText("Nobody was told of anything").waitFor();
      await page.getByLabel("State").selectOption("delivered");
      await page.locator("tbody [data-state=delivered]").nth(1).waitFor();
    });
  });

  test("tables are backfilled, whatever pipeline makes them, and have a page of their runs", async () => {
    await onPage("/tables/silver.push_events", async (page) => {
      await page.locator("[data-window][data-state=missing]").first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("What", { exact: true }).selectOption("select:");
      const tables = dialog.getByLabel("Tables");
      assert.equal(await tables.inputValue(), "+silver.push_events");
      await tables.fill("");
      await dialog.getByText("Choose a range to see what would run").waitFor();
      await tables.fill("silver.push_events+");
      await dialog.getByText(/of 3 windows would run/).waitFor();
      await dialog.getByLabel("What is done already").selectOption("all");
      await dialog.getByRole("button", { name: "Start 3 runs" }).click();
      await page.waitForURL(/\/backfills\/b/);
      await page.getByRole("link", { name: "select:silver.push_events+" }).click();
      await page.locator("main h1", { hasText: "select:silver.push_events+" }).waitFor();
      assert.equal(await page.getByRole("tab", { name: "Definition" }).count(), 0);
      assert.equal(await page.getByRole("switch").count(), 0);
    });
  });

  test("a missing window is backfilled by a click, after a look at what would run", async () => {
    await onPage("/tables/silver.push_events", async (page) => {
      await page.locator("[data-window][data-state=missing]").first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText(/of 3 windows would run/).waitFor();
      const wouldRun = await dialog.locator("[data-action=run]").count();
      assert.ok(wouldRun > 0 && wouldRun < 3);
      await dialog.getByLabel("What is done already").selectOption("all");
      await dialog.getByRole("button", { name: "Start 3 runs" }).click();
      await page.waitForURL(/\/backfills\/b/);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator("main h1 + [data-state=paused]").waitFor();
      await page.getByRole("button", { name: "Resume" }).click();
      await page.locator("main h1 + [data-state=running]").waitFor();
      await page.getByRole("button", { name: "Cancel…" }).click();
      await page.getByRole("button", { name: "Yes, cancel it" }).click();
      await page.locator("main h1 + [data-state=cancelled]").waitFor();
    });
  });

  test("a failed run is understood and run again from where it failed", async () => {
    await onPage("/runs?state=failed&pipeline=gharchive_hourly", async (page) => {
      await page.locator("tbody [data-nav-row]").first().click();
      await page.locator(".message", { hasText: "nobody is counted twice" }).waitFor();
      await page.getByRole("button", { name: "Attempt 1" }).click();
      await page.waitForURL(/attempt=1/);
      await page.locator("main").getByRole("button", { name: "Run again…" }).first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("These would run again:").waitFor();
      const alone = await dialog.locator("li").count();
      assert.ok(alone < 8);
      await dialog.getByLabel("and the same in the runs of earlier windows").check();
      await dialog.locator("section").nth(1).waitFor();
      assert.ok((await dialog.locator("li").count()) > alone);
      await dialog.getByLabel("and the same in the runs of earlier windows").uncheck();
      await dialog.getByRole("button", { name: `Run ${alone} again` }).waitFor();
      await dialog.getByRole("button", { name: /^Run \d+ again$/ }).click();
      await page.locator("main h1 + [data-state=success]").waitFor();
    });
  });

  test("a run is cancelled with a reason and gets a note, a task is marked", async () => {
    const work = async (page) => {
      await page.getByRole("button", { name: "Start…" }).click();
      await page.getByRole("button", { name: "Start", exact: true }).click();
      await page.waitForURL(/\/runs\//);
      await page.getByRole("button", { name: "Cancel…" }).click();
      await page.getByLabel("Reason").fill("wrong input");
      await page.getByRole("button", { name: "Cancel the run" }).click();
      await page.getByText("Cancelled: wrong input").waitFor();
      await page.getByRole("button", { name: "Note…" }).click();
      await page.getByLabel("Note on this run").fill("asked the source");
      await page.getByRole("button", { name: "Save" }).click();
      await page.locator(".run-note", { hasText: "asked the source" }).waitFor();
      await page.locator('[data-task="check"]').click();
      await page.getByLabel("Mark check").selectOption("skipped");
      await page.locator('[data-task="check"][data-state=skipped]').waitFor();
    };
    // It must still run when it is cancelled.
    await onPage("/pipelines/procurement", work, { platform: ["--task-ms", "60000"] });
  });

  test("a pipeline is paused and switched on again", async () => {
    await onPage("/pipelines", async (page) => {
      await page.getByRole("switch", { name: "Pause users_follow" }).click();
      await page.getByRole("switch", { name: "users_follow is paused; switch it on" }).click();
      await page.getByRole("switch", { name: "Pause users_follow" }).waitFor();
    });
  });

  test("all can be done by keyboard", async () => {
    await onPage("/", async (page) => {
      await page.locator(".tile").first().waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      assert.equal(
        await page.evaluate(() => document.activeElement?.getAttribute("data-table")),
        "bronze.notices",
      );
      await page.keyboard.press("Enter");
      await page.waitForURL(/tables\/bronze\.notices/);
      await page.keyboard.press("Control+k");
      await page.keyboard.type("users_fol");
      await page.keyboard.press("Enter");
      await page.waitForURL(/pipelines\/users_follow/);
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("g");
      await page.keyboard.press("r");
      await page.waitForURL(/\/runs$/);
      await page.keyboard.press("/");
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      for (let press = 0; press < 6; press++) {
        await page.keyboard.press("Tab");
        const inside = await page.evaluate(
          () =>
            document.activeElement === document.body ||
            document.activeElement?.closest("dialog") !== null,
        );
        assert.equal(inside, true, "the focus left the dialog");
      }
    });
  });

  test("an address is the whole state of a page", async () => {
    await onPage("/tables?q=events&layer=silver&sort=rows", async (page) => {
      await page.locator("tbody tr").first().waitFor();
      const names = await page.locator("tbody [data-nav-row]").allTextContents();
      assert.deepEqual([...names].sort(), [
        "silver.events",
        "silver.issue_events",
        "silver.push_events",
      ]);
      await page.getByRole("button", { name: "silver" }).click();
      await page.waitForURL((url) => !url.search.includes("layer"));
      await page.locator("tbody [data-nav-row]").first().click();
      await page.getByRole("tab", { name: "Checks" }).click();
      await page.goBack();
      await page.waitForURL(/\/tables\?q=events&sort=rows/);
    });
  });

  test("what a role may not do is greyed out and says which role may", async () => {
    const work = async (page, platform) => {
      const refused = async (button) => {
        await button.waitFor();
        assert.equal(await button.isDisabled(), true);
        assert.match(await button.getAttribute("title"), /role operator/);
      };
      await refused(page.getByRole("button", { name: "Start gharchive_hourly" }));
      await refused(page.getByRole("switch").first());
      assert.equal(await page.getByRole("link", { name: "Users", exact: true }).count(), 0);
      await page.goto(`${platform}/runs/r000001`);
      await refused(page.getByRole("button", { name: "Cancel…" }));
      await refused(page.getByRole("button", { name: "Run again…" }).first());
      await page.goto(`${platform}/tables/silver.push_events`);
      assert.equal(await page.locator("[data-window]:not(:disabled)").count(), 0);
    };
    await onPage("/pipelines", work, { platform: ["--role", "viewer"] });
  });

  test("who is not logged in logs in and comes back to the page asked for", async () => {
    const work = async (page) => {
      await page.waitForURL(/\/login\?next=/);
      await page.getByLabel("User").fill("oncall");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("The user or the password is wrong.").waitFor();
      assert.equal(await page.getByLabel("Password").inputValue(), "");
      await page.getByLabel("Password").fill("correct horse");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/pipelines\/procurement\?tab=tasks$/);
      await page.locator("tbody tr").first().waitFor();
      await page.getByRole("button", { name: "oncall" }).click();
      await page.getByRole("button", { name: "Log out oncall" }).click();
      await page.waitForURL(/\/login/);
      await page.getByLabel("User").waitFor();
    };
    await onPage("/pipelines/procurement?tab=tasks", work, { platform: ["--login"] });
  });

  test("a list that is on its way, empty or broken says so, and the way out works", async () => {
    for (const [address, pattern, emptyText] of kLists) {
      let mode = "held";
      let release = () => {};
      const released = new Promise((resolve) => (release = resolve));
      const problem = {
        type: "about:blank",
        title: "Broken",
        status: 500,
        detail: "disk full",
        code: "io",
      };
      const prepare = async (page) => {
        // Without the stream nothing mends itself before the button is used.
        await page.route("**/api/v1/events", () => {});
        await page.route(pattern, async (route) => {
          if (mode === "held") await released;
          if (mode === "broken") return route.fulfill({ status: 500, json: problem });
          return route.fulfill({ json: { items: [], next: null } });
        });
      };
      const work = async (page) => {
        await page
          .locator("main")
          .getByRole("status", { name: /^Loading/ })
          .first()
          .waitFor();
        mode = "empty";
        release();
        await page.getByText(emptyText).first().waitFor();
        mode = "broken";
        await page.reload();
        await page.locator("[data-notice=error]", { hasText: "disk full" }).waitFor();
        mode = "empty";
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.getByText(emptyText).first().waitFor();
      };
      await onPage(address, work, { prepare });
    }
  });

  test("what does not exist is named", async () => {
    await onPage("/runs/nothing", async (page, platform) => {
      await page.getByText("There is no such run nothing").waitFor();
      await page.goto(`${platform}/runs/r00001`);
      await page.waitForURL(/\/runs\/r00001\d$/);
      await page.goto(`${platform}/tables/gold.nothing`);
      await page.getByText("There is no such table gold.nothing").waitFor();
      await page.goto(`${platform}/no/such/page`);
      await page.getByText("There is no such page").waitFor();
    });
  });

  test("without a stream of events the page asks again by itself", async () => {
    const prepare = (page) =>
      page.route("**/api/v1/events", (route) => route.fulfill({ status: 404, body: "" }));
    const work = async (page, platform) => {
      await page.getByText("polling").waitFor();
      await page.getByRole("switch", { name: "Pause procurement" }).waitFor();
      await fetch(`${platform}/api/v1/pipelines/procurement`, {
        method: "PATCH",
        body: '{"paused":true}',
      });
      await page.getByRole("switch", { name: "procurement is paused; switch it on" }).waitFor();
      await fetch(`${platform}/api/v1/pipelines/procurement`, {
        method: "PATCH",
        body: '{"paused":false}',
      });
    };
    await onPage("/pipelines", work, { prepare });
  });

  test("a server that is restarted is noticed, and its pages come back to life", async () => {
    const first = await startMock("--task-ms", "150");
    const { page, wrong, close } = await openPage(browser, first.address);
    let second;
    try {
      await page.goto(`${first.address}/pipelines`);
      await page.getByRole("switch", { name: "Pause procurement" }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      await first.stop();
      await page.getByText("What is shown may be out of date").waitFor();
      await page.getByRole("switch", { name: "Pause procurement" }).waitFor();
      second = await startMock("--port", new URL(first.address).port);
      await page.getByText("live", { exact: true }).waitFor();
      await page.getByText("What is shown may be out of date").waitFor({ state: "detached" });
      await fetch(`${first.address}/api/v1/pipelines/procurement`, {
        method: "PATCH",
        body: '{"paused":true}',
      });
      await page.getByRole("switch", { name: "procurement is paused; switch it on" }).waitFor();
      assert.deepEqual(
        wrong.filter((each) => !each.startsWith("console:")),
        [],
      );
    } finally {
      await close();
      await second?.stop();
    }
  });

  test("5,000 tables are drawn at once, as a list and as a graph", async () => {
    const work = async (page) => {
      await page.locator(".map-row").first().waitFor();
      const elements = await page.evaluate(() => document.querySelectorAll("*").length);
      assert.ok(elements < 2000, `${elements} elements`);
      const begin = Date.now();
      await page.getByRole("button", { name: "As a graph" }).click();
      await page.locator("canvas").waitFor();
      await page.getByLabel("Find a node").fill("gold.made_0005");
      await page.waitForURL(/tables\/gold\.made_0005/);
      assert.ok(Date.now() - begin < 10_000, `${Date.now() - begin} ms`);
    };
    await onPage("/", work, { platform: ["--tables", "5000"] });
  });

  test("a run of 5,000 tasks is drawn at once, in every view", async () => {
    const work = async (page, platform) => {
      await page.goto(`${platform}/runs?pipeline=wide`);
      await page.locator("tbody [data-nav-row]").first().click();
      await page.locator(".gantt-row").first().waitFor();
      for (const [tab, sign] of [
        ["Graph", "canvas"],
        ["Tasks", "tbody tr"],
        ["Gantt", ".gantt-row"],
      ]) {
        const begin = Date.now();
        await page.getByRole("tab", { name: tab }).click();
        await page.locator(sign).first().waitFor();
        assert.ok(Date.now() - begin < 10_000, `${tab}: ${Date.now() - begin} ms`);
        const elements = await page.evaluate(() => document.querySelectorAll("*").length);
        assert.ok(elements < 6000, `${tab}: ${elements} elements`);
      }
    };
    await onPage("/", work, { platform: ["--tasks", "5000"] });
  });

  test("a narrow page loses nothing sideways", async () => {
    const context = { viewport: { width: 390, height: 800 } };
    const work = async (page, platform) => {
      for (const [address, sign] of kScreens) {
        await page.goto(platform + address);
        await page.locator(sign).first().waitFor();
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth > window.innerWidth,
        );
        assert.equal(wide, false, address);
      }
    };
    await onPage("/", work, { context });
  });
});
