// The fields of a form, taken from the API's own description: docs/openapi.json says which keys
// there are, what they mean, and what is taken when one is left out. A new key shows up by itself.

import { Kind, OpenApi, Schema } from "./api";

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
// Descriptions that speak of JSON, or say no more than the key.
const NOT_HELPFUL = new Set(["Duration", "NatsName"]);

type Schemas = OpenApi["components"]["schemas"];

export function formFields(document: OpenApi, kind: Kind): Field[] {
  const { schemas } = document.components;
  const [create, answer] = SCHEMAS[kind];
  return fieldsOf(schemas, schemas[create] ?? {}, schemas[answer] ?? {}, "");
}

function fieldsOf(schemas: Schemas, create: Schema, answer: Schema, prefix: string): Field[] {
  return Object.entries(create.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix + name;
    if (property.$ref === NOT_READ || NOT_SHOWN.has(key)) {
      return [];
    }
    const answered = answer.properties?.[name] ?? {};
    return property.properties
      ? fieldsOf(schemas, property, answered, `${key}.`)
      : [
          {
            ...fieldOf(key, property, answered),
            help: help(schemas, property),
            required: create.required?.includes(name) ?? false,
          },
        ];
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

// What the key means, and what may be given for it.
function help(schemas: Schemas, schema: Schema): string {
  const general = [schema, ...(schema.anyOf ?? [])]
    .map((each) => each.$ref?.split("/").pop() ?? "")
    .filter((name) => !NOT_HELPFUL.has(name))
    .map((name) => schemas[name]?.description);
  return [schema.description, ...general]
    .filter(Boolean)
    .join(" ")
    .replace(/`([^`]*)`/g, "“$1”");
}

function fieldOf(key: string, schema: Schema, answered: Schema) {
  const type = typeOf(schema);
  const byDefault = schema.default ?? null;
  return {
    key,
    type,
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

// What a text, of an address, gives a field; undefined when the field can't hold it.
export function valueFrom(field: Field, text: string): Value | undefined {
  switch (field.type) {
    case "checkbox":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "choice":
      return field.choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
    case "number":
      return /^\d+$/.test(text) ? text : undefined;
    default:
      return text;
  }
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
