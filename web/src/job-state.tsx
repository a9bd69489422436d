// How a job is, in few words, wherever it is shown.

import { Job, LoadJob, StoreJob, VerifyJob } from "./api";
import { ago, count, duration, percent, since } from "./format";

// For NATS, say, or the object store. What it has not asked since isn't known.
export const waits = (job: Job) => job.status === "Running" && job.last_error !== null;

export const works = (job: Job) => job.status === "Running" && !waits(job);

// A name may be of spaces only.
export const nameOf = (job: Job) => job.name.trim() || job.id;

export function StatusPill(props: { job: Job }) {
  const { job } = props;
  const partial =
    job.kind === "load" && job.status === "Success" && job.progress.skipped_chunks > 0;
  const look = waits(job) || partial ? "waits" : job.status.toLowerCase();
  return <span className={`pill ${look}`}>{waits(job) ? "Waiting" : job.status}</span>;
}

// What the job waits for, or failed of, in the server's words.
export function JobTrouble(props: { job: Job }) {
  const { status, last_error, last_error_since } = props.job;
  if (last_error === null) {
    return null;
  }
  return (
    <p className={status === "Failure" ? "trouble" : "notice"}>
      {last_error}
      {last_error_since !== null && (
        <small>
          {" "}
          ({status === "Failure" ? ago(last_error_since) : `for ${since(last_error_since)}`})
        </small>
      )}
    </p>
  );
}

export function Trouble(props: { error: Error | null }) {
  return (
    props.error && (
      <p className="trouble" role="alert">
        {props.error.message}
      </p>
    )
  );
}

const place = (job: Job) => (job.prefix ? `${job.bucket}/${job.prefix}` : job.bucket);

function source(job: Job): string {
  switch (job.kind) {
    case "store":
      return `${job.stream} · ${job.subject}`;
    case "load":
      return `${place(job)} · ${job.read_stream} · ${job.read_subject}`;
    case "verify":
      return `${place(job)} · ${job.stream}`;
  }
}

function target(job: Job): string {
  switch (job.kind) {
    case "store":
      return place(job);
    case "load":
      return job.write_subject;
    case "verify":
      return "";
  }
}

// What goes from where to where.
export function FromTo(props: { job: Job }) {
  const to = target(props.job);
  return (
    <>
      {source(props.job)}
      {to && <> → {to}</>}
    </>
  );
}

const list = (parts: (string | false)[]) => parts.filter(Boolean).join(", ");

function storeState(job: StoreJob): string {
  const { lag, unseen } = job.progress;
  return list([
    lag !== null && !waits(job) && (lag === 0 ? "all archived" : `${count(lag)} to archive`),
    unseen > 0 && `at most ${count(unseen)} never archived`,
  ]);
}

function loadState({ status, progress }: LoadJob): string {
  const { share, seconds_left, skipped_chunks } = progress;
  return list([
    share !== null && percent(share) + (skipped_chunks > 0 ? " of what could be read" : ""),
    status === "Running" && seconds_left !== null && `${duration(seconds_left)} left`,
    skipped_chunks > 0 &&
      `${count(skipped_chunks)} ${skipped_chunks === 1 ? "chunk" : "chunks"} skipped`,
  ]);
}

function verifyState({ status, progress }: VerifyJob): string {
  const { chunks, damaged, repaired, gaps } = progress;
  return list([
    damaged > repaired && `${count(damaged - repaired)} damaged`,
    repaired > 0 && `${count(repaired)} repaired`,
    damaged === 0 && chunks > 0 && (status === "Success" ? "no damage found" : "no damage so far"),
    gaps > 0 && `${count(gaps)} in gaps`,
  ]);
}

// How far the job is, and what there is to know of it.
export function State(props: { job: Job }) {
  const { job } = props;
  switch (job.kind) {
    case "store":
      return <>{storeState(job)}</>;
    case "verify":
      return <>{verifyState(job)}</>;
    case "load":
      return (
        <span className="progress">
          {job.progress.share !== null && (
            <progress value={job.progress.share} max={1} aria-label="Share that is replayed" />
          )}
          <span>{loadState(job)}</span>
        </span>
      );
  }
}
