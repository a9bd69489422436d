// What several pages show of a job.

import { useEffect, useRef, useState } from "react";
import { Job, pauseJob, removeJob, resumeJob, StoreJob, VerifyJob } from "./api";
import { ago, count, duration, percent } from "./format";

export function StatusPill(props: { job: Job }) {
  const { status, last_error } = props.job;
  const waits = status === "Running" && last_error !== null;
  return (
    <span className={`pill ${waits ? "waits" : status.toLowerCase()}`}>
      {waits ? "Waiting" : status}
    </span>
  );
}

// What the job waits for, or failed of, in the server's words.
export function JobTrouble(props: { job: Job }) {
  const { status, last_error, last_error_since } = props.job;
  if (last_error === null) {
    return null;
  }
  return (
    <p className={status === "Failure" ? "trouble" : "notice"} role="status">
      {last_error}
      {last_error_since !== null && <small> ({ago(last_error_since)})</small>}
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

export function source(job: Job): string {
  switch (job.kind) {
    case "store":
      return `${job.stream} · ${job.subject}`;
    case "load":
      return `${place(job)} · ${job.read_stream} · ${job.read_subject}`;
    case "verify":
      return `${place(job)} · ${job.stream}`;
  }
}

export function target(job: Job): string {
  switch (job.kind) {
    case "store":
      return place(job);
    case "load":
      return job.write_subject;
    case "verify":
      return "";
  }
}

function storeState({ progress }: StoreJob): string {
  if (progress.lag === null) {
    return "";
  }
  return progress.lag === 0 ? "all archived" : `${count(progress.lag)} to archive`;
}

function verifyState({ progress }: VerifyJob): string {
  const left = progress.damaged - progress.repaired;
  return [
    left > 0 && `${count(left)} damaged`,
    progress.repaired > 0 && `${count(progress.repaired)} repaired`,
    progress.damaged === 0 && progress.chunks > 0 && "no damage found",
  ]
    .filter(Boolean)
    .join(", ");
}

// How far the job is.
export function State(props: { job: Job }) {
  const { job } = props;
  if (job.kind === "store") {
    return <>{storeState(job)}</>;
  }
  if (job.kind === "verify") {
    return <>{verifyState(job)}</>;
  }
  const { share, seconds_left } = job.progress;
  if (share === null) {
    return null;
  }
  return (
    <span className="progress">
      <progress value={share} max={1} aria-label="Share that is replayed" />
      <span>
        {percent(share)}
        {job.status === "Running" && seconds_left !== null && `, ${duration(seconds_left)} left`}
      </span>
    </span>
  );
}

// Pause, resume, remove. `changed` is called when one was done.
export function Actions(props: { job: Job; changed: () => void; removed?: () => void }) {
  const { job } = props;
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<Error | null>(null);

  async function act(action: (job: Job) => Promise<void>, done: () => void) {
    setBusy(true);
    setError(null);
    try {
      await action(job);
      done();
    } catch (failed) {
      setError(failed as Error);
    } finally {
      setBusy(false);
    }
  }

  const running = job.status === "Running" || job.status === "Created";
  return (
    <span className="actions">
      {running && (
        <button disabled={busy} onClick={() => void act(pauseJob, props.changed)}>
          Pause
        </button>
      )}
      {(job.status === "Paused" || job.status === "Failure") && (
        <button disabled={busy} onClick={() => void act(resumeJob, props.changed)}>
          Resume
        </button>
      )}
      <button disabled={busy} onClick={() => setAsking(true)}>
        Remove
      </button>
      <Trouble error={error} />
      {asking && (
        <Confirm
          text={`Remove ${job.kind} job “${job.name}”?`}
          detail={
            job.kind === "store"
              ? "It stops. What it archived stays in the bucket."
              : "It stops. The archive stays as it is."
          }
          confirm="Remove"
          onClose={(confirmed) => {
            setAsking(false);
            if (confirmed) {
              void act(removeJob, props.removed ?? props.changed);
            }
          }}
        />
      )}
    </span>
  );
}

function Confirm(props: {
  text: string;
  detail: string;
  confirm: string;
  onClose: (confirmed: boolean) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose(false);
      }}
    >
      <h2>{props.text}</h2>
      <p>{props.detail}</p>
      <p className="buttons">
        <button autoFocus onClick={() => props.onClose(false)}>
          Cancel
        </button>
        <button className="danger" onClick={() => props.onClose(true)}>
          {props.confirm}
        </button>
      </p>
    </dialog>
  );
}
