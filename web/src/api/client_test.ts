import { afterEach, expect, test, vi } from "vitest";
import { ApiProblem, apiPath, request, setCsrfToken, whenUnauthorized } from "./client";

afterEach(() => {
  vi.unstubAllGlobals();
  setCsrfToken("");
  whenUnauthorized(() => {});
});

function answer(status: number, body: string) {
  const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response(body, { status }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

test("values that are not given are not in the address", () => {
  expect(apiPath("/runs", { pipeline: "a b", state: "", after: null, limit: 5 })).toBe(
    "/api/v1/runs?pipeline=a+b&limit=5",
  );
});

test("unsafe requests carry the token of the session, others do not", async () => {
  setCsrfToken("token");
  const fetched = answer(200, "{}");
  await request("GET", "/me");
  await request("POST", "/logout");
  expect(fetched.mock.calls[0]![1].headers).not.toHaveProperty("X-CSRF-Token");
  expect(fetched.mock.calls[1]![1].headers).toHaveProperty("X-CSRF-Token", "token");
});

test("a problem of the server is told in its words", async () => {
  answer(409, '{"title":"Conflict","detail":"The run has ended.","code":"ended"}');
  await expect(request("POST", "/runs/r1/cancel")).rejects.toEqual(
    new ApiProblem(409, "Conflict", "The run has ended.", "ended"),
  );
});

test("a page of a proxy is a problem, not a crash", async () => {
  answer(502, "<html>bad gateway</html>");
  await expect(request("GET", "/runs")).rejects.toMatchObject({ status: 502 });
  answer(200, "<html>log in to the network</html>");
  await expect(request("GET", "/runs")).rejects.toMatchObject({ code: "not_json" });
});

test("a server that is not there is named", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("failed to fetch");
  });
  await expect(request("GET", "/runs")).rejects.toMatchObject({ status: 0, code: "unreachable" });
});

test("a session that has ended asks for a login, a wrong password does not", async () => {
  const asked = vi.fn();
  whenUnauthorized(asked);
  answer(401, "{}");
  await expect(request("POST", "/login")).rejects.toBeInstanceOf(ApiProblem);
  expect(asked).not.toHaveBeenCalled();
  await expect(request("GET", "/runs")).rejects.toBeInstanceOf(ApiProblem);
  expect(asked).toHaveBeenCalledOnce();
});
