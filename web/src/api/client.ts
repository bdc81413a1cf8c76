import { observeServerTime } from "../time/clock";

/** An error of the API (RFC 9457), or of the way to it (status 0). */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
  ) {
    super(detail === "" ? title : detail);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

let csrfToken = "";
let onUnauthorized: () => void = () => {};

/** The token that unsafe requests of this session carry. */
export function setCsrfToken(token: string) {
  csrfToken = token;
}

/** Called when the server asks for a login. */
export function whenUnauthorized(handle: () => void) {
  onUnauthorized = handle;
}

export function apiPath(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `/api/v1${path}${text === "" ? "" : `?${text}`}`;
}

export async function request<T>(
  method: string,
  path: string,
  options: { query?: Query; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiProblem(
      response.status,
      "Not an answer of Ingot",
      `${method} ${path} brought something that is not JSON. Is a proxy between this page and the server?`,
      "not_json",
    );
  }
}

export async function requestBytes(
  path: string,
  options: { query?: Query; signal?: AbortSignal } = {},
): Promise<{ bytes: ArrayBuffer; headers: Headers }> {
  const response = await send("GET", path, options);
  return { bytes: await response.arrayBuffer(), headers: response.headers };
}

async function send(
  method: string,
  path: string,
  options: { query?: Query; body?: unknown; signal?: AbortSignal },
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken !== "") headers["X-CSRF-Token"] = csrfToken;
  let response: Response;
  try {
    response = await fetch(apiPath(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(
      0,
      "The server cannot be reached",
      "Is `ingot serve` running? This page tries again by itself.",
      "unreachable",
    );
  }
  observeServerTime(response.headers.get("Date"));
  if (response.ok) return response;
  if (response.status === 401 && path !== "/login") onUnauthorized();
  throw await problemOf(response);
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const fallback = `The server answered ${response.status}`;
  try {
    const body: unknown = JSON.parse(await response.text());
    if (typeof body === "object" && body !== null) {
      const fields = body as Record<string, unknown>;
      const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
      return new ApiProblem(
        response.status,
        text("title") || fallback,
        text("detail"),
        text("code"),
      );
    }
  } catch {
    // Not JSON: a proxy's page, or nothing. The status says what is known.
  }
  return new ApiProblem(response.status, fallback, response.statusText, "");
}
