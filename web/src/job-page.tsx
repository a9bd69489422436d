// One job: how it goes, what it was asked for, and what can be done with it.

import { useEffect, useRef, useState } from "react";
import { ApiError, Finding, getJob, Job, Kind, Server, StoreJob } from "./api";
import { ago, bytes, count, dateTime, rate } from "./format";
import { Actions } from "./job-actions";
import { JobTrouble, nameOf, FromTo, State, StatusPill, Trouble, waits, works } from "./job-state";
import { usePolling } from "./polling";
import { RateChart, Sample } from "./rate-chart";
import { Link, navigate, useTitle } from "./router";

const KEPT_SAMPLES = 300;
const MOST_FINDINGS = 100; // that the server keeps
const LONGEST_GAP = 10_000; // ms between two samples

type Figure = [name: string, value: string];

export function JobPage(props: { kind: Kind; id: string; servers: Server[] }) {
  const { kind, id } = props;
  const {
    data: job,
    error,
    refresh,
  } = usePolling(`${kind}/${id}`, (signal) => getJob(kind, id, signal));
  const samples = useSamples(job);
  const removing = useRef(false);
  const failed = job?.status === "Failure" ? "failed: " : "";
  useTitle(failed + (job ? nameOf(job) : `${kind} job`));
  if (
    !removing.current &&
    error instanceof ApiError &&
    (error.status === 404 || error.status === 400)
  ) {
    return (
      <>
        <Trouble error={error} />
        <p>
          <Link to="/">All jobs</Link>
        </p>
      </>
    );
  }
  if (!job) {
    return <Trouble error={error} />;
  }
  return (
    <article>
      <header>
        <h2>
          <small>{kind} job</small> {nameOf(job)} <StatusPill job={job} />
        </h2>
        <Actions
          job={job}
          changed={refresh}
          removed={() => navigate("/")}
          removing={(is) => (removing.current = is)}
        />
      </header>
      <p className="what">
        <FromTo job={job} />
      </p>
      <Trouble error={error} />
      <JobTrouble job={job} />
      {job.kind === "load" && job.exactness_reason && (
        <p className="notice">
          Exactness “{job.exactness}”: {job.exactness_reason}
        </p>
      )}
      <p className="state">
        <State job={job} />
      </p>
      <dl className="figures">
        {figures(job).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {works(job) && <RateChart samples={samples} />}
      {job.kind === "store" && <Next job={job} />}
      {job.kind === "verify" && <Findings findings={job.progress.findings} />}
      <Details job={job} servers={props.servers} />
    </article>
  );
}

// Nothing is known of the time that the page was hidden.
const withoutGap = (samples: Sample[]) =>
  Date.now() - (samples[samples.length - 1]?.at ?? 0) > LONGEST_GAP ? [] : samples;

function useSamples(job: Job | null): Sample[] {
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    if (job) {
      setSamples((before) =>
        [...withoutGap(before), { at: Date.now(), rate: job.progress.rate }].slice(-KEPT_SAMPLES),
      );
    }
  }, [job]);
  return samples;
}

function figures(job: Job): Figure[] {
  const { progress } = job;
  const common: Figure[] = [
    ["Messages", count(progress.messages)],
    ["Rate", works(job) ? rate(progress.rate) : "–"],
    ["Chunks", count(progress.chunks)],
  ];
  switch (job.kind) {
    case "store": {
      const { lag, stored_bytes, oldest_unarchived, unseen, last_sequence } = job.progress;
      const more: Figure[] = [
        ...common,
        ["To archive", lag === null || waits(job) ? "not known" : count(lag)],
        ["Content", bytes(progress.bytes)],
        ["In the bucket", bytes(stored_bytes)],
        ["Archived to sequence", count(last_sequence)],
      ];
      if (oldest_unarchived) {
        more.push(["Oldest not archived", ago(oldest_unarchived)]);
      }
      if (unseen > 0) {
        more.push(["Never archived", `at most ${count(unseen)}: they left the stream first`]);
      }
      return more;
    }
    case "load": {
      const { total_messages, skipped_chunks, last_sequence } = job.progress;
      const more: Figure[] = [
        ...common,
        ["In the chunks selected", count(total_messages)],
        ["Content", bytes(progress.bytes)],
        ["Replayed to sequence", count(last_sequence)],
      ];
      if (skipped_chunks > 0) {
        more.push(["Chunks skipped", count(skipped_chunks)]);
      }
      return more;
    }
    case "verify": {
      const { damaged, repaired, overlaps, gaps, foreign } = job.progress;
      return [
        ...common,
        ["Read", bytes(progress.bytes)],
        ["Damaged or missing", count(damaged)],
        ["Repaired", count(repaired)],
        ["Overlaps", count(overlaps)],
        ["Sequences in gaps", count(gaps)],
        ["Foreign objects", count(foreign)],
      ];
    }
  }
}

// What one does with an archive.
function Next(props: { job: StoreJob }) {
  const { bucket, prefix, stream, subject } = props.job;
  const common = { bucket, ...(prefix ? { prefix } : {}) };
  const load = new URLSearchParams({ ...common, read_stream: stream, read_subject: subject });
  const verify = new URLSearchParams({ ...common, stream });
  return (
    <p className="buttons">
      <Link to={`/load/new?${load}`} className="button">
        Replay this archive
      </Link>
      <Link to={`/verify/new?${verify}`} className="button">
        Verify this archive
      </Link>
      <Link to={`/archive?${new URLSearchParams(common)}`} className="button">
        What is in the bucket
      </Link>
    </p>
  );
}

function Findings(props: { findings: Finding[] }) {
  if (props.findings.length === 0) {
    return null;
  }
  return (
    <>
      <h3>Findings</h3>
      {props.findings.length === MOST_FINDINGS && (
        <p className="notice">
          Only {MOST_FINDINGS} are kept, those that say of damage before others.
        </p>
      )}
      <div className="wide">
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Object</th>
              <th scope="col">What</th>
              <th scope="col">Repaired</th>
            </tr>
          </thead>
          <tbody>
            {props.findings.map((finding, index) => (
              <tr key={index}>
                <td>{finding.kind}</td>
                <td className="what">
                  <code>{finding.key}</code>
                </td>
                <td className="what">
                  {finding.detail}
                  {finding.cause && <p className="notice">{finding.cause}</p>}
                </td>
                <td>{finding.repaired ? "yes" : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const SHOWN_ABOVE = new Set([
  "kind",
  "name",
  "progress",
  "status",
  "last_error",
  "last_error_since",
  "exactness_reason",
]);

function isDuration(value: unknown): value is { secs: number; nanos: number } {
  return typeof value === "object" && value !== null && "secs" in value;
}

function detail(name: string, value: unknown, servers: Server[]): string {
  if (name === "server") {
    return servers.find((server) => server.id === value)?.name ?? String(value);
  }
  if (name === "created" || name === "updated") {
    return `${dateTime(String(value))} (${ago(String(value))})`;
  }
  if (isDuration(value)) {
    return `${value.secs + value.nanos / 1e9} s`;
  }
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

// What the job is, one line for each key, by the API's names.
function Details(props: { job: Job; servers: Server[] }) {
  const lines = Object.entries(props.job)
    .filter(([name, value]) => !SHOWN_ABOVE.has(name) && value !== null)
    .flatMap(([name, value]) =>
      typeof value === "object" && !isDuration(value)
        ? Object.entries(value as object).map(
            ([inner, each]) => [`${name}.${inner}`, each] as const,
          )
        : [[name, value as unknown] as const],
    );
  return (
    <details>
      <summary>Details</summary>
      <table className="details">
        <tbody>
          {lines.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{detail(name, value, props.servers)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
