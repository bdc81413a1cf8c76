// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { href, matchPath, pageOf } from "./router";
import { safeNext } from "./screens/login/login_page";

test("names with any letter survive the way through an address", () => {
  const name = "a/b c.d?ü%";
  expect(matchPath("/tables/:table", pageOf.table(name))).toEqual({ table: name });
});

test("a path is matched whole", () => {
  expect(matchPath("/runs", "/runs/")).toEqual({});
  expect(matchPath("/runs", "/runs/r1")).toBeNull();
  expect(matchPath("/runs/:id", "/tables/r1")).toBeNull();
  expect(matchPath("/runs/:id", "/runs/%E0%A4%A")).toBeNull();
});

test("what is empty is not in the address", () => {
  expect(href("/runs", { state: "failed", pipeline: "", after: null })).toBe("/runs?state=failed");
});

test("after a login only pages of this site are gone to", () => {
  expect(safeNext("/runs/r1?tab=graph")).toBe("/runs/r1?tab=graph");
  for (const next of [null, "https://evil", "//evil", "/\\evil", "javascript:x", "/login?next=/"])
    expect(safeNext(next)).toBe("/");
});
