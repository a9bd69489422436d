// The first page: all jobs.

import { Job, Kind, KINDS, listJobs } from "./api";
import { count, rate } from "./format";
import { Actions } from "./job-actions";
import { JobTrouble, source, State, StatusPill, target, Trouble } from "./job-state";
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
  useTitle("");
  const { data, error, refresh } = usePolling("jobs", async (signal) => {
    const [store, load, verify] = await Promise.all(KINDS.map((kind) => listJobs(kind, signal)));
    return { store, load, verify };
  });
  return (
    <>
      <Trouble error={error} />
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
        <Link to={`/${job.kind}/${job.id}`}>{job.name}</Link>
      </td>
      <td>
        <StatusPill job={job} />
      </td>
      <td className="what">
        {source(job)}
        {target(job) && <> → {target(job)}</>}
        <JobTrouble job={job} />
      </td>
      <td className="number">{count(job.progress.messages)}</td>
      <td className="number">{job.status === "Running" ? rate(job.progress.rate) : ""}</td>
      <td>
        <State job={job} />
      </td>
      <td>
        <Actions job={job} changed={props.changed} />
      </td>
    </tr>
  );
}
