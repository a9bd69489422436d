// The REST API as this page uses it. docs/openapi.json is its source.

export const KINDS = ["store", "load", "verify"] as const;
export type Kind = (typeof KINDS)[number];

export type Status = "Created" | "Running" | "Paused" | "Success" | "Failure";

interface JobInfo {
  id: string;
  name: string;
  bucket: string;
  prefix: string | null;
  status: Status;
  created: string;
  updated: string;
  last_error: string | null;
  last_error_since: string | null;
  server: string | null;
}

interface Progress {
  messages: number;
  bytes: number;
  chunks: number;
  rate: number; // messages a second
}

export interface StoreJob extends JobInfo {
  kind: "store";
  stream: string;
  subject: string;
  progress: Progress & {
    stored_bytes: number;
    last_sequence: number;
    lag: number | null;
    oldest_unarchived: string | null;
    unseen: number;
  };
}

export interface LoadJob extends JobInfo {
  kind: "load";
  read_stream: string;
  read_subject: string;
  write_subject: string;
  exactness?: "read_back" | "window" | null;
  exactness_reason?: string | null;
  progress: Progress & {
    skipped_chunks: number;
    last_sequence: number;
    total_messages: number;
    share: number | null;
    seconds_left: number | null;
  };
}

export interface Finding {
  key: string;
  kind: string;
  detail: string;
  cause: string;
  repaired: boolean;
}

export interface VerifyJob extends JobInfo {
  kind: "verify";
  stream: string;
  progress: Progress & {
    damaged: number;
    repaired: number;
    overlaps: number;
    gaps: number;
    foreign: number;
    findings: Finding[];
  };
}

export type Job = StoreJob | LoadJob | VerifyJob;

export interface Server {
  id: string;
  name: string;
  version: string;
  self: boolean;
}

// Where an archive is. `prefix`: "" for none.
export interface Place {
  bucket: string;
  prefix: string;
}

// Of a JSON schema, what the forms use.
export interface Schema {
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

export interface OpenApi {
  components: { schemas: Record<string, Schema> };
}

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number, // 0: no answer
  ) {
    super(message);
  }
}

// An answer that came in part.
export class BrokenOff extends ApiError {
  constructor(
    message: string,
    readonly text: string,
  ) {
    super(message, 0);
  }
}

const ANSWERS_WITHIN = 10_000; // ms: a question; to pause may take as long as a put takes

// `within`: ms without a piece of the answer; `most`: it ends soon after so many characters of lines. Errors: ApiError, with the server's own words where it has said something.
export async function request(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  within = ANSWERS_WITHIN,
  most = Infinity,
) {
  const limit = new AbortController();
  const giveUp = () => limit.abort();
  let timer = 0;
  const wait = () => {
    window.clearTimeout(timer);
    timer = method === "GET" ? window.setTimeout(giveUp, within) : 0;
  };
  wait();
  signal?.addEventListener("abort", giveUp);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      signal: limit.signal,
      ...(body === undefined
        ? {}
        : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    text = await textOf(response, wait, most);
  } catch (error) {
    if (error instanceof ApiError) {
      throw error;
    }
    throw new ApiError("nats3 doesn't answer: is the server running?", 0);
  } finally {
    window.clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
  if (!response.ok) {
    throw new ApiError(errorOf(text) ?? strange(response.status, text), response.status);
  }
  return text;
}

// Calls `heard` with each piece. Errors: BrokenOff.
async function textOf(response: Response, heard: () => void, most: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      heard();
      text += decoder.decode(piece.value, { stream: true });
      if (text.length > most && text.includes("\n")) {
        await reader?.cancel();
        return text;
      }
    }
  } catch {
    throw new BrokenOff("the answer broke off before its end: is the server running?", text);
  }
  return text + decoder.decode();
}

// The message of an answer that says no.
export function errorOf(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}

// Of what a proxy, or a page to log in, has put in the place of an answer.
const strange = (status: number, text: string) =>
  `not an answer of nats3: ${status} ${text.slice(0, 200)}`;

// A job, or a list, as `holds` says.
export function parse<T>(text: string, holds: (value: unknown) => boolean): T {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // told below
  }
  if (!holds(value)) {
    throw new ApiError(strange(200, text), 0);
  }
  return value as T;
}

const isJob = (value: unknown) => typeof (value as { id?: unknown } | null)?.id === "string";

const onJob = (kind: Kind, id: string, action = "") =>
  `/${kind}/job${action}?job_id=${encodeURIComponent(id)}`;

const withKind = (kind: Kind, text: string) => ({ ...parse<object>(text, isJob), kind }) as Job;

export async function listJobs(kind: Kind, signal?: AbortSignal): Promise<Job[]> {
  const text = await request("GET", `/${kind}/jobs`, undefined, signal);
  return parse<object[]>(text, Array.isArray).map((job) => ({ ...job, kind }) as Job);
}

export async function getJob(kind: Kind, id: string, signal?: AbortSignal): Promise<Job> {
  return withKind(kind, await request("GET", onJob(kind, id), undefined, signal));
}

export async function createJob(kind: Kind, spec: object): Promise<Job> {
  return withKind(kind, await request("POST", `/${kind}/job`, spec));
}

export async function pauseJob(job: Job): Promise<void> {
  await request("POST", onJob(job.kind, job.id, "/pause"));
}

export async function resumeJob(job: Job): Promise<void> {
  await request("POST", onJob(job.kind, job.id, "/resume"));
}

export async function removeJob(job: Job): Promise<void> {
  await request("DELETE", onJob(job.kind, job.id));
}

export async function listServers(signal?: AbortSignal): Promise<Server[]> {
  return parse(await request("GET", "/servers", undefined, signal), Array.isArray);
}

// Why the server can't do its work right now; null: it can.
export async function whyNotReady(signal?: AbortSignal): Promise<string | null> {
  try {
    await request("GET", "/ready", undefined, signal);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 503) {
      return error.message;
    }
    throw error;
  }
}

export async function getOpenApi(signal?: AbortSignal): Promise<OpenApi> {
  const text = await request("GET", "/openapi.json", undefined, signal);
  return parse(text, (value) => (value as OpenApi | null)?.components?.schemas !== undefined);
}
