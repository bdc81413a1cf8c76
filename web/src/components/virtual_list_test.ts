import { expect, test } from "vitest";
import { visibleRange } from "./virtual_list";

test("what is seen and some around it is drawn, whatever the length", () => {
  expect(visibleRange(0, 180, 18, 1_000_000)).toEqual({ first: 0, last: 20 });
  expect(visibleRange(18_000, 180, 18, 1_000_000)).toEqual({ first: 990, last: 1020 });
});

test("a list that became shorter than the place scrolled to draws nothing wrong", () => {
  expect(visibleRange(18_000, 180, 18, 5)).toEqual({ first: 5, last: 5 });
  expect(visibleRange(0, 180, 18, 0)).toEqual({ first: 0, last: 0 });
});
