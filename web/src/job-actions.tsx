// What can be done with a job: pause, resume, remove.

import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Job, pauseJob, removeJob, resumeJob } from "./api";
import { nameOf, Trouble } from "./job-state";
import { useMounted } from "./mounted";

// `changed` is called when something was done, `removed` instead of it when that was the removal,
// `removing` when that begins, or has failed.
export function Actions(props: {
  job: Job;
  changed: () => void;
  removed?: () => void;
  removing?: (is: boolean) => void;
}) {
  const { job } = props;
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const mounted = useMounted();

  // It is about what the job was.
  useEffect(() => setError(null), [job.status]);

  async function act(action: (job: Job) => Promise<void>, done: () => void) {
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await action(job);
      if (mounted.current) {
        done(); // whoever went elsewhere meanwhile stays there
      }
    } catch (failed) {
      setError(failed as Error);
    } finally {
      setBusy(false);
    }
  }

  async function remove() {
    props.removing?.(true);
    try {
      await removeJob(job);
    } catch (failed) {
      props.removing?.(false);
      throw failed;
    }
  }

  const running = job.status === "Running" || job.status === "Created";
  // Not `disabled`: that would take the focus away.
  return (
    <div className="actions">
      {job.status !== "Success" && (
        <button
          aria-disabled={busy}
          aria-label={`${running ? "Pause" : "Resume"} ${nameOf(job)}`}
          onClick={(event) => {
            if (event.detail < 2) {
              // the second click of two would take the first one back
              void act(running ? pauseJob : resumeJob, props.changed);
            }
          }}
        >
          {running ? "Pause" : "Resume"}
        </button>
      )}
      <button
        aria-disabled={busy}
        aria-label={`Remove ${nameOf(job)}`}
        onClick={() => setAsking(!busy)}
      >
        Remove
      </button>
      <Trouble error={error} />
      {asking && (
        <Confirm
          text={`Remove ${job.kind} job “${nameOf(job)}”?`}
          detail={
            (running ? "It stops. " : "") +
            (job.kind === "store"
              ? "What it archived stays in the bucket."
              : "The archive stays as it is.")
          }
          confirm="Remove"
          onClose={(confirmed) => {
            setAsking(false);
            if (confirmed) {
              void act(remove, props.removed ?? props.changed);
            }
          }}
        />
      )}
    </div>
  );
}

function Confirm(props: {
  text: string;
  detail: string;
  confirm: string;
  onClose: (confirmed: boolean) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close(); // gives the focus back
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose(false);
      }}
    >
      <h2 id={title}>{props.text}</h2>
      <p>{props.detail}</p>
      <p className="buttons">
        <button onClick={() => props.onClose(false)}>Cancel</button>
        <button className="danger" onClick={() => props.onClose(true)}>
          {props.confirm}
        </button>
      </p>
    </dialog>
  );
}
