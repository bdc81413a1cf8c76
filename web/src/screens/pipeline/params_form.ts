// A form of a pipeline's parameters, from their JSON Schemas. Every field is kept as the text that was typed.
import type { ParamSchema } from "../../api/types";

export type Texts = Record<string, string>;
export type FieldKind = "text" | "number" | "boolean" | "choice" | "date" | "date-time" | "json";

function typesOf(schema: ParamSchema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}

export function fieldKind(schema: ParamSchema): FieldKind {
  if (schema.enum) return "choice";
  const types = typesOf(schema).filter((type) => type !== "null");
  if (types.length !== 1) return "json";
  if (types[0] === "boolean") return "boolean";
  if (types[0] === "integer" || types[0] === "number") return "number";
  if (types[0] !== "string") return "json";
  return schema.format === "date" || schema.format === "date-time" ? schema.format : "text";
}

/** The text that stands for a value in its field. */
export function textOf(schema: ParamSchema, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (fieldKind(schema) === "json" || fieldKind(schema) === "choice") return JSON.stringify(value);
  return typeof value === "string" ? value : String(value);
}

export function initialTexts(schemas: Record<string, ParamSchema>): Texts {
  const texts: Texts = {};
  for (const [name, schema] of Object.entries(schemas))
    texts[name] = textOf(schema, schema.default);
  return texts;
}

export type Reading = { value: unknown } | { error: string } | "empty";

/** What a text means under its schema. The server checks again; this answers while one types. */
export function readField(schema: ParamSchema, text: string): Reading {
  const trimmed = text.trim();
  const kind = fieldKind(schema);
  if (trimmed === "") {
    if (kind === "text" && schema.default === "") return { value: "" };
    if ("default" in schema || typesOf(schema).includes("null")) return "empty";
    return { error: "needs a value" };
  }
  if (kind === "number") return readNumber(schema, trimmed);
  if (kind === "boolean") {
    return trimmed === "true" || trimmed === "false"
      ? { value: trimmed === "true" }
      : { error: "true or false" };
  }
  if (kind === "json" || kind === "choice") {
    try {
      return { value: JSON.parse(trimmed) as unknown };
    } catch {
      return { error: "not valid JSON" };
    }
  }
  if (schema.minLength !== undefined && trimmed.length < schema.minLength)
    return { error: `at least ${schema.minLength} characters` };
  if (schema.maxLength !== undefined && trimmed.length > schema.maxLength)
    return { error: `at most ${schema.maxLength} characters` };
  return { value: text };
}

function readNumber(schema: ParamSchema, text: string): Reading {
  const value = Number(text);
  if (!Number.isFinite(value)) return { error: "not a number" };
  if (typesOf(schema).includes("integer") && !typesOf(schema).includes("number")) {
    if (!Number.isSafeInteger(value)) return { error: "not a whole number" };
  }
  if (schema.minimum !== undefined && value < schema.minimum)
    return { error: `at least ${schema.minimum}` };
  if (schema.maximum !== undefined && value > schema.maximum)
    return { error: `at most ${schema.maximum}` };
  return { value };
}

export interface FormReading {
  params: Record<string, unknown>;
  errors: Record<string, string>;
}

/** The parameters that a form gives; what equals its default is left to the server. */
export function readForm(schemas: Record<string, ParamSchema>, texts: Texts): FormReading {
  const params: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const reading = readField(schema, texts[name] ?? "");
    if (reading === "empty") continue;
    if ("error" in reading) errors[name] = reading.error;
    else if (JSON.stringify(reading.value) !== JSON.stringify(schema.default))
      params[name] = reading.value;
  }
  return { params, errors };
}

/** The parameters written as JSON, or what is wrong with it. */
export function readJsonParams(
  text: string,
): { params: Record<string, unknown> } | { error: string } {
  if (text.trim() === "") return { params: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: error instanceof Error ? error.message : "not valid JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { error: 'an object such as {"name": "value"} is needed' };
  return { params: value as Record<string, unknown> };
}
