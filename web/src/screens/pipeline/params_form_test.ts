import { expect, test } from "vitest";
import type { ParamSchema } from "../../api/types";
import { fieldKind, initialTexts, readField, readForm, readJsonParams } from "./params_form";

const schemas: Record<string, ParamSchema> = {
  source: { type: "string", enum: ["archive", "mirror"], default: "archive" },
  percent: { type: "integer", minimum: 1, maximum: 100, default: 100 },
  verify: { type: "boolean", default: true },
  tags: { type: "array" },
};

test("each kind of schema has its field", () => {
  expect(fieldKind(schemas["source"]!)).toBe("choice");
  expect(fieldKind(schemas["percent"]!)).toBe("number");
  expect(fieldKind(schemas["verify"]!)).toBe("boolean");
  expect(fieldKind(schemas["tags"]!)).toBe("json");
  expect(fieldKind({ type: ["string", "null"], format: "date" })).toBe("date");
  expect(fieldKind({})).toBe("json");
});

test("a form that is left as it is sends only what has no default", () => {
  const texts = initialTexts(schemas);
  expect(readForm(schemas, texts)).toEqual({ params: {}, errors: { tags: "needs a value" } });
  expect(readForm(schemas, { ...texts, tags: '["a"]', percent: "50", verify: "false" })).toEqual({
    params: { tags: ["a"], percent: 50, verify: false },
    errors: {},
  });
});

test("choices keep their type", () => {
  const schema: ParamSchema = { enum: [1, "1", null] };
  expect(readField(schema, "1")).toEqual({ value: 1 });
  expect(readField(schema, '"1"')).toEqual({ value: "1" });
});

test("what is out of bounds is named", () => {
  const percent = schemas["percent"]!;
  expect(readField(percent, "0")).toEqual({ error: "at least 1" });
  expect(readField(percent, "101")).toEqual({ error: "at most 100" });
  expect(readField(percent, "1.5")).toEqual({ error: "not a whole number" });
  expect(readField(percent, "many")).toEqual({ error: "not a number" });
  expect(readField({ type: "string", minLength: 3 }, "ab")).toEqual({
    error: "at least 3 characters",
  });
  expect(readField({ type: "array" }, "[1,")).toEqual({ error: "not valid JSON" });
});

test("parameters as JSON are an object", () => {
  expect(readJsonParams("")).toEqual({ params: {} });
  expect(readJsonParams('{"a": 1}')).toEqual({ params: { a: 1 } });
  expect(readJsonParams("[1]")).toHaveProperty("error");
  expect(readJsonParams("{a: 1}")).toHaveProperty("error");
});
