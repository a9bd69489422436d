// The REST API as this page uses it. docs/openapi.json is its source; what isn't shown isn't here.

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
    last_key: string;
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

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number, // 0: no answer
  ) {
    super(message);
  }
}

// Errors: ApiError, with the server's own words where it has said something.
async function request(method: string, path: string, body?: unknown, signal?: AbortSignal) {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      signal: signal ?? null,
      ...(body === undefined
        ? {}
        : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new ApiError("nats3 doesn't answer: is the server running?", 0);
  }
  if (response.ok) {
    return text;
  }
  let message = text;
  try {
    message = (JSON.parse(text) as { error: string }).error;
  } catch {
    // a proxy's answer: shown as it is
  }
  throw new ApiError(message || `the server answered ${response.status}`, response.status);
}

const onJob = (kind: Kind, id: string, action = "") =>
  `/${kind}/job${action}?job_id=${encodeURIComponent(id)}`;

const withKind = (kind: Kind, job: object) => ({ ...job, kind }) as Job;

export async function listJobs(kind: Kind, signal?: AbortSignal): Promise<Job[]> {
  const jobs = JSON.parse(await request("GET", `/${kind}/jobs`, undefined, signal)) as object[];
  return jobs.map((job) => withKind(kind, job));
}

export async function getJob(kind: Kind, id: string, signal?: AbortSignal): Promise<Job> {
  return withKind(
    kind,
    JSON.parse(await request("GET", onJob(kind, id), undefined, signal)) as object,
  );
}

export async function createJob(kind: Kind, spec: object): Promise<Job> {
  return withKind(kind, JSON.parse(await request("POST", `/${kind}/job`, spec)) as object);
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
  return JSON.parse(await request("GET", "/servers", undefined, signal)) as Server[];
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

export async function getOpenApi(signal?: AbortSignal): Promise<unknown> {
  return JSON.parse(await request("GET", "/openapi.json", undefined, signal));
}
