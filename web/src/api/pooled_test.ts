import { expect, test } from "vitest";
import { pooled } from "./pooled";

test("results keep the order of the items, and few are under way at a time", async () => {
  let open = 0;
  let most = 0;
  const results = await pooled([5, 1, 4, 2, 3], 2, async (wait) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, wait));
    open--;
    return wait * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("the first failure is the outcome", async () => {
  const work = async () => {
    throw new Error("no");
  };
  await expect(pooled([1, 2], 2, work)).rejects.toThrow("no");
});
