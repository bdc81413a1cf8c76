// What the tests of the pages share: a browser, the made-up platform, and what every page must hold.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../..");
const { chromium } = createRequire(path.join(root, "web/package.json"))("playwright-core");

const kBrowsers = ["chromium-headless-shell", "chromium"];

/** Ends the test as skipped, by name. */
export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

export function needFile(file, how) {
  try {
    accessSync(file);
  } catch {
    skip(`there is no ${path.relative(root, file)}; ${how}`);
  }
}

export async function openBrowser() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  for (const name of kBrowsers) {
    for (const folder of folders) {
      const program = path.join(folder, name);
      try {
        accessSync(program, constants.X_OK);
      } catch {
        continue;
      }
      return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    }
  }
  return skip(`none of ${kBrowsers.join(", ")} is installed; tools/bootstrap.sh web installs one`);
}

/** The made-up platform on a free port (or on that of `--port`), serving a build under the server's content security policy. */
export async function startMock(...options) {
  const program = path.join(root, "web/dev/server.mjs");
  const dist = path.join(root, "build/web/dist");
  const child = spawn(process.execPath, [program, "--port", "0", "--dist", dist, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const address = await firstLine(child.stdout);
  const stop = () =>
    new Promise((resolve) => {
      child.on("exit", resolve);
      child.kill();
    });
  return { address: address.replace(/\/$/, ""), stop };
}

export function firstLine(stream, pattern = /http:\/\/\S+/) {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (part) => {
      text += part;
      const match = pattern.exec(text);
      if (match && text.includes("\n", match.index)) resolve(match[0]);
    });
    stream.on("end", () => reject(new Error(`ended without an address: ${text}`)));
  });
}

/** A page that records what must never happen: errors of scripts, and requests to anywhere else. */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, ...options });
  const page = await context.newPage();
  // Long, as the machine may be busy; what works does not wait.
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The browser itself logs answers that are errors; the tests that bring them about look at the page.
    const ofNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !ofNetwork) wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address)) wrong.push(`request to ${request.url()}`);
  });
  return { page, wrong, close: () => context.close() };
}

/** Runs in the page: what of its text has too little contrast, and which controls have no name. */
export function findBarriers() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, alpha: alpha / 255 };
  };
  const over = (top, under) => {
    const mix = (name) => top[name] * top.alpha + under[name] * (1 - top.alpha);
    return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
  };
  const groundOf = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const layer = colour(getComputedStyle(each).backgroundColor);
      if (layer.alpha === 0) continue;
      layers.push(layer);
      if (layer.alpha === 1) break;
    }
    const white = { red: 255, green: 255, blue: 255, alpha: 1 };
    return layers.reverse().reduce((under, top) => over(top, under), white);
  };
  const light = ({ red, green, blue }) => {
    const linear = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest("svg, noscript, option, :disabled")) continue;
    const ground = groundOf(element);
    const ink = over(colour(getComputedStyle(element).color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const text = node.textContent.trim().slice(0, 30);
    if (ratio < 4.5) found.add(`contrast ${ratio.toFixed(2)} of "${text}" (${element.className})`);
  }
  for (const element of document.querySelectorAll("button, a[href], input, select, textarea")) {
    if (!element.checkVisibility()) continue;
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join("");
    const name =
      element.getAttribute("aria-label") || element.title || labels || element.textContent;
    if (!name.trim()) found.add(`no name: ${element.outerHTML.slice(0, 120)}`);
  }
  return [...found];
}
