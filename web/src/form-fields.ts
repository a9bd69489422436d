// The fields of a form, taken from the API's own description: docs/openapi.json says which keys
// there are, what they mean, and what is taken when one is left out. A new key shows up by itself.

import { Kind } from "./api";

export type Value = string | boolean;

export interface Field {
  key: string; // "batch.max_count"
  type: "text" | "number" | "checkbox" | "choice";
  required: boolean;
  help: string;
  placeholder: string;
  initial: Value;
  choices: string[];
}

interface Schema {
  $ref?: string;
  description?: string;
  type?: string | string[];
  anyOf?: Schema[];
  enum?: string[];
  properties?: Record<string, Schema>;
  required?: string[];
  default?: unknown;
  examples?: unknown[];
}

interface Document {
  components: { schemas: Record<string, Schema> };
}

// What makes a job is described by the first, and what answers, by the second.
const SCHEMAS: Record<Kind, [string, string]> = {
  store: ["StoreJobCreate", "StoreJob"],
  load: ["LoadJobCreate", "LoadJob"],
  verify: ["VerifyJobCreate", "VerifyJob"],
};

// Keys that answers have: they may stand in a request, and are not read.
const NOT_READ = "#/components/schemas/NotRead";
// Kept for scripts of the connector before this one.
const NOT_SHOWN = new Set(["read_consumer"]);

export function formFields(document: unknown, kind: Kind): Field[] {
  const { schemas } = (document as Document).components;
  const [create, answer] = SCHEMAS[kind];
  return fieldsOf(schemas[create] ?? {}, schemas[answer] ?? {}, "");
}

function fieldsOf(create: Schema, answer: Schema, prefix: string): Field[] {
  return Object.entries(create.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix + name;
    if (property.$ref === NOT_READ || NOT_SHOWN.has(key)) {
      return [];
    }
    const answered = answer.properties?.[name] ?? {};
    return property.properties
      ? fieldsOf(property, answered, `${key}.`)
      : [fieldOf(key, property, answered, create.required?.includes(name) ?? false)];
  });
}

function typeOf(schema: Schema): Field["type"] {
  const types = [schema.type ?? []].flat();
  if (schema.enum) {
    return "choice";
  }
  if (types.includes("boolean")) {
    return "checkbox";
  }
  return types.includes("integer") ? "number" : "text";
}

function fieldOf(key: string, schema: Schema, answered: Schema, required: boolean): Field {
  const type = typeOf(schema);
  const byDefault = schema.default ?? null;
  return {
    key,
    type,
    required,
    help: (schema.description ?? "").replaceAll("`", ""),
    placeholder: placeholder(byDefault, schema.examples),
    initial: type === "checkbox" ? byDefault === true : type === "choice" ? String(byDefault) : "",
    // A request may have other spellings of the same.
    choices: answered.enum ?? [],
  };
}

function placeholder(byDefault: unknown, examples: unknown[] | undefined): string {
  if (byDefault === null) {
    const example = (examples ?? []).find((each) => typeof each === "string" && each !== "");
    return example === undefined ? "" : `such as ${String(example)}`;
  }
  const { secs } = byDefault as { secs?: number };
  return secs === undefined ? String(byDefault) : `${secs}s`;
}

// The body that makes the job: only what differs from what is taken anyway.
export function specOf(fields: Field[], values: Record<string, Value>): object {
  const spec: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.key] ?? field.initial;
    if (value === field.initial && !field.required) {
      continue;
    }
    const [outer, inner] = field.key.split(".") as [string, string?];
    const given = field.type === "number" ? Number(value) : value;
    if (inner === undefined) {
      spec[outer] = given;
    } else {
      spec[outer] = { ...(spec[outer] as object | undefined), [inner]: given };
    }
  }
  return spec;
}
