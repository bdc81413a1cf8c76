// usage: node dev/server.mjs [--port 8421] [--login] [--tables N] [--tasks N] [--task-ms MS] [--role ROLE] [--dist FOLDER]
//
// The pages over a made-up platform, without an Ingot server: from the sources, reloading on change, or with --dist from
// a build, under the content security policy that the real server sends. Against a real server: INGOT_URL=... npx vite.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
import { makeMockApi } from "./mock_api.mjs";

const kTypes = /** @type {Record<string, string>} */ ({
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
});

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8421" },
    login: { type: "boolean", default: false },
    tables: { type: "string", default: "0" },
    tasks: { type: "string", default: "0" },
    "task-ms": { type: "string", default: "700" },
    role: { type: "string", default: "admin" },
    dist: { type: "string" },
  },
});
const mock = makeMockApi({
  login: values.login,
  role: /** @type {import("../src/api/types").Role} */ (values.role),
  tables: Number(values.tables),
  tasks: Number(values.tasks),
  taskMs: Number(values["task-ms"]),
});
const pages = values.dist === undefined ? await fromSources() : fromBuild(values.dist);
const server = createServer((request, response) => {
  if (request.url?.startsWith("/api/")) {
    mock.handle(request, response).catch((error) => {
      console.error(error);
      response.statusCode = 500;
      response.end();
    });
  } else {
    pages(request, response);
  }
});
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  console.log(`http://127.0.0.1:${port}/`);
});

/** @typedef {import("node:http").RequestListener} RequestListener */

/** @returns {Promise<RequestListener>} */
async function fromSources() {
  const { createServer: createVite } = await import("vite");
  const vite = await createVite({ server: { middlewareMode: true }, appType: "spa" });
  return (request, response) => vite.middlewares(request, response);
}

/** @param {string} folder @returns {RequestListener} */
function fromBuild(folder) {
  const root = path.resolve(folder);
  return async (request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? "/", "http://mock").pathname);
    const file = path.join(root, path.normalize(name));
    // Names of tables have dots in them: what is a file is told by its folder.
    const asset = name.startsWith("/assets/") || name === "/favicon.svg";
    try {
      const inside = file.startsWith(root + path.sep);
      const wanted = asset && inside ? file : path.join(root, "index.html");
      const bytes = await readFile(wanted);
      response.setHeader(
        "Content-Type",
        kTypes[path.extname(wanted)] ?? "application/octet-stream",
      );
      response.setHeader("Content-Security-Policy", "default-src 'self'");
      response.end(bytes);
    } catch {
      response.statusCode = 404;
      response.end("not found\n");
    }
  };
}
