// The first page: all jobs.

import { Job, Kind, KINDS, listJobs } from "./api";
import { count, rate } from "./format";
import { Actions } from "./job-actions";
import { JobTrouble, nameOf, FromTo, State, StatusPill, Trouble, waits, works } from "./job-state";
import { TITLE } from "./new-job-page";
import { usePolling } from "./polling";
import { Link, useTitle } from "./router";

const ABOUT: Record<Kind, { title: string; none: string }> = {
  store: {
    title: "Store jobs",
    none: "None. A store job archives a stream into a bucket, and goes on while messages come.",
  },
  load: {
    title: "Load jobs",
    none: "None. A load job replays what is archived into NATS.",
  },
  verify: {
    title: "Verifications",
    none: "None. A verification reads an archive, checks every byte, and repairs what it can.",
  },
};

export function JobsPage() {
  const { data, error, refresh } = usePolling(
    "jobs",
    async (signal) => {
      const [store, load, verify] = await Promise.all(KINDS.map((kind) => listJobs(kind, signal)));
      return { store, load, verify };
    },
    { remember: true },
  );
  const jobs = KINDS.flatMap((kind) => data?.[kind] ?? []);
  const failed = jobs.filter((job) => job.status === "Failure");
  useTitle(failed.length > 0 ? `${failed.length} failed` : "");
  return (
    <>
      <Trouble error={error} />
      <Named title="Failed" jobs={failed} className="trouble" />
      <Named title="Waiting" jobs={jobs.filter(waits)} className="notice" />
      {KINDS.map((kind) => (
        <section key={kind}>
          <header>
            <h2>{ABOUT[kind].title}</h2>
            <Link to={`/${kind}/new`} className="button">
              {TITLE[kind]}
            </Link>
          </header>
          {data && <JobTable jobs={data[kind] ?? []} none={ABOUT[kind].none} changed={refresh} />}
        </section>
      ))}
    </>
  );
}

// What needs somebody, before the tables: they may be long.
function Named(props: { title: string; jobs: Job[]; className: string }) {
  return props.jobs.length === 0 ? null : (
    <p className={`named ${props.className}`}>
      {props.title}:{" "}
      {props.jobs.map((job) => (
        <Link key={job.id} to={`/${job.kind}/${job.id}`}>
          {nameOf(job)}
        </Link>
      ))}
    </p>
  );
}

function JobTable(props: { jobs: Job[]; none: string; changed: () => void }) {
  if (props.jobs.length === 0) {
    return <p className="none">{props.none}</p>;
  }
  return (
    <div className="wide">
      <table className="jobs">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">What</th>
            <th scope="col" className="number">
              Messages
            </th>
            <th scope="col" className="number">
              Rate
            </th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.jobs.map((job) => (
            <JobRow key={job.id} job={job} changed={props.changed} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function JobRow(props: { job: Job; changed: () => void }) {
  const { job } = props;
  return (
    <tr>
      <td className="what">
        <Link to={`/${job.kind}/${job.id}`}>{nameOf(job)}</Link>
      </td>
      <td>
        <StatusPill job={job} />
      </td>
      <td className="what">
        <FromTo job={job} />
        <JobTrouble job={job} />
      </td>
      <td className="number">{count(job.progress.messages)}</td>
      <td className="number">{works(job) ? rate(job.progress.rate) : ""}</td>
      <td>
        <State job={job} />
      </td>
      <td>
        <Actions job={job} changed={props.changed} />
      </td>
    </tr>
  );
}
