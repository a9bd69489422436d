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

export interface SubjectTotals {
  subject: string;
  chunks: number;
  messages: number;
  first_sequence?: number; // not of old chunks
  last_sequence?: number;
  from_time: string | null;
  to_time: string | null;
}

export interface ArchivedStream {
  stream: string;
  epochs: { epoch: string; created: string; subjects: SubjectTotals[] }[];
  old_chunks: SubjectTotals[]; // of nats-s3-connector
}

export interface ArchivedStreams {
  streams: string[];
  folders: string[]; // without a stream
}

// Which messages of a stream's archive. All but the bucket and the stream: "" for any.
export interface MessagesQuery extends Place {
  stream: string;
  subject: string;
  after: string; // epoch:seq of a message
  from_time: string;
  to_time: string;
}

export const ALL_MESSAGES = { subject: "", after: "", from_time: "", to_time: "" };

// What isn't text comes in base64. nats-s3-connector's have `archived` and no sequence or time.
export interface ArchivedMessage {
  epoch?: string;
  seq?: number;
  time?: string;
  archived?: string;
  subject?: string;
  subject_base64?: string;
  headers?: Record<string, string[]>;
  headers_base64?: Record<string, string[]>;
  data?: string;
  data_base64?: string;
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
class BrokenOff extends ApiError {
  constructor(
    message: string,
    readonly text: string,
  ) {
    super(message, 0);
  }
}

const ANSWERS_WITHIN = 10_000; // ms: a question; to pause may take as long as a put takes
const LISTS_WITHIN = 120_000; // ms: a bucket may be large
const MESSAGES_MOST = 8_000_000; // characters of messages at a time

// `within`: ms without a piece of the answer; `most`: characters of it, of whole lines, where the
// rest isn't wanted. Errors: ApiError, with the server's own words where it has said something.
async function request(
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
        return text.slice(0, text.lastIndexOf("\n") + 1);
      }
    }
  } catch {
    throw new BrokenOff("the answer broke off before its end: is the server running?", text);
  }
  return text + decoder.decode();
}

// The message of an answer that says no.
function errorOf(text: string): string | null {
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
function parse<T>(text: string, holds: (value: unknown) => boolean): T {
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

function archivePath(path: string, query: Record<string, string>): string {
  const asked = Object.entries(query).filter(([, value]) => value !== "");
  return `/archive${path}?${new URLSearchParams(asked)}`;
}

const getArchive = (
  path: string,
  query: Record<string, string>,
  signal?: AbortSignal,
  most?: number,
) => request("GET", archivePath(path, query), undefined, signal, LISTS_WITHIN, most);

const isObject = (value: unknown) => typeof value === "object" && value !== null;

export async function listArchivedStreams(
  place: Place,
  signal?: AbortSignal,
): Promise<ArchivedStreams> {
  return parse(await getArchive("/streams", { ...place }, signal), isObject);
}

export async function getArchivedStream(
  place: Place,
  stream: string,
  signal?: AbortSignal,
): Promise<ArchivedStream> {
  return parse(await getArchive("/stream", { ...place, stream }, signal), isObject);
}

// Where all of them can be had.
export const messagesAddress = (query: MessagesQuery) =>
  `/api/v1${archivePath("/messages", { ...query })}`;

export interface FirstMessages {
  messages: ArchivedMessage[];
  more: boolean; // perhaps
  error: Error | null; // why there aren't more
}

function messagesIn(text: string): ArchivedMessage[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "" && errorOf(line) === null)
    .map((line) => parse<ArchivedMessage>(line, isObject));
}

// The first `limit`, or fewer when they are large, or when the server can't go on.
export async function readMessages(
  query: MessagesQuery,
  limit: number,
  signal?: AbortSignal,
): Promise<FirstMessages> {
  const ask = (more: object) =>
    getArchive("/messages", { ...query, ...more }, signal, MESSAGES_MOST);
  try {
    const text = await ask({ limit: String(limit) });
    const messages = messagesIn(text);
    const more = messages.length === limit || text.length > MESSAGES_MOST / 2;
    return { messages, more, error: null };
  } catch (error) {
    const messages = error instanceof BrokenOff ? messagesIn(error.text) : [];
    const last = messages[messages.length - 1];
    if (last?.seq === undefined) {
      throw error;
    }
    // What is wrong comes first behind the last one, and then with a status and words.
    const why = await ask({ after: placeOf(last), limit: "1" }).then(
      () => error as Error,
      (told: Error) => told,
    );
    return { messages, more: false, error: why };
  }
}

// How a message is named to go on after it.
export const placeOf = ({ epoch, seq }: ArchivedMessage) => `${epoch}:${seq}`;

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
