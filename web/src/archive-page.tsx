// What is in a bucket: the streams archived there, over time, and what to do with them.

import { FormEvent, useMemo, useState } from "react";
import { archivePage, messagesPage } from "./addresses";
import { KINDS, listJobs, Place } from "./api";
import { ALL_MESSAGES, ArchivedStream, SubjectTotals } from "./archive-api";
import { Found, useContents } from "./contents";
import { count, dateTime } from "./format";
import { Trouble } from "./job-state";
import { usePolling } from "./polling";
import { Link, navigate, useTitle } from "./router";
import { Span, Timeline } from "./timeline";

export function ArchivePage(props: { query: URLSearchParams }) {
  const bucket = props.query.get("bucket") ?? "";
  const place = { bucket, prefix: props.query.get("prefix") ?? "" };
  return bucket === "" ? <ChoosePage /> : <BucketPage place={place} />;
}

const nameOf = (place: Place) => [place.bucket, place.prefix].filter(Boolean).join("/");

// Where jobs archive, and a form for elsewhere.
function ChoosePage() {
  useTitle("Archives");
  const [place, setPlace] = useState<Place>({ bucket: "", prefix: "" });
  const { data, error } = usePolling("places", placesOfJobs, { once: true });

  function open(event: FormEvent) {
    event.preventDefault();
    navigate(archivePage({ ...place, prefix: place.prefix.replace(/^\/+|\/+$/g, "") }));
  }
  const input = (key: keyof Place, help: string) => (
    <div className="field">
      <label htmlFor={`field-${key}`}>{key}</label>
      <input
        id={`field-${key}`}
        value={place[key]}
        required={key === "bucket"}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`field-${key}-help`}
        onChange={(event) => setPlace({ ...place, [key]: event.target.value.trim() })}
      />
      <small id={`field-${key}-help`}>{help}</small>
    </div>
  );
  return (
    <article>
      <h2>Archives</h2>
      <Trouble error={error} />
      {data && data.length > 0 && (
        <ul className="places">
          {data.map((each) => (
            <li key={archivePage(each)}>
              <Link to={archivePage(each)}>{nameOf(each)}</Link>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={open}>
        {input("bucket", "Any that the server's credentials can list.")}
        {input("prefix", "What the jobs had as prefix, if they had one.")}
        <p className="buttons">
          <button type="submit" className="main">
            Look inside
          </button>
        </p>
      </form>
    </article>
  );
}

async function placesOfJobs(signal: AbortSignal): Promise<Place[]> {
  const jobs = (await Promise.all(KINDS.map((kind) => listJobs(kind, signal)))).flat();
  const places = jobs.map(({ bucket, prefix }) => ({ bucket, prefix: prefix ?? "" }));
  const byAddress = new Map(places.map((place) => [archivePage(place), place]));
  return [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

function BucketPage(props: { place: Place }) {
  const { place } = props;
  useTitle(`Archive ${nameOf(place)}`);
  const { found, error, again } = useContents(place);
  const all = useMemo(() => (found ? spanOfAll(found) : null), [found]);
  return (
    <article>
      <header>
        <h2>
          <small>archive</small> {nameOf(place)}
        </h2>
        <p className="actions">
          <button type="button" onClick={again}>
            Look again
          </button>
          <Link to="/archive" className="button">
            Another bucket
          </Link>
        </p>
      </header>
      <Trouble error={error} />
      {found?.streams.length === 0 && <p className="none">No stream is archived here.</p>}
      {found && <Folders place={place} folders={found.folders} />}
      {found?.streams.map(({ name, contents, error: unread }) => (
        <section key={name}>
          <header>
            <h3>{name}</h3>
            <Next place={place} stream={name} />
          </header>
          <Trouble error={unread} />
          {contents && <StreamTable contents={contents} all={all} />}
        </section>
      ))}
      {!error && found?.left !== 0 && (
        <p className="none">{found ? `Looking at ${count(found.left)} more…` : "Looking…"}</p>
      )}
    </article>
  );
}

function Folders(props: { place: Place; folders: string[] }) {
  const { bucket, prefix } = props.place;
  return props.folders.length === 0 ? null : (
    <p className="named notice">
      Folders without a stream, which may be prefixes:{" "}
      {props.folders.map((folder) => (
        <Link
          key={folder}
          to={archivePage({ bucket, prefix: [prefix, folder].filter(Boolean).join("/") })}
        >
          {folder}
        </Link>
      ))}
    </p>
  );
}

function Next(props: { place: Place; stream: string }) {
  const { bucket, prefix } = props.place;
  const common = { bucket, ...(prefix ? { prefix } : {}) };
  const load = new URLSearchParams({ ...common, read_stream: props.stream, read_subject: ">" });
  const verify = new URLSearchParams({ ...common, stream: props.stream });
  const all = { ...props.place, stream: props.stream, ...ALL_MESSAGES };
  return (
    <p className="actions">
      <Link to={messagesPage(all)} className="button">
        Messages
      </Link>
      <Link to={`/load/new?${load}`} className="button">
        Replay
      </Link>
      <Link to={`/verify/new?${verify}`} className="button">
        Verify
      </Link>
    </p>
  );
}

interface Row {
  epoch: string; // "" for old chunks
  created: string | null; // the stream, at the beginning of the epoch
  subject: SubjectTotals | null; // null: of an epoch that has none yet
}

const rowsOf = (contents: ArchivedStream): Row[] => [
  ...contents.old_chunks.map((subject) => ({ epoch: "", created: null, subject })),
  ...contents.epochs.flatMap(({ epoch, created, subjects }): Row[] =>
    subjects.length === 0
      ? [{ epoch, created, subject: null }]
      : subjects.map((subject) => ({ epoch, created, subject })),
  ),
];

function spanOf(subject: SubjectTotals | null): Span | null {
  return !subject || subject.from_time === null || subject.to_time === null
    ? null
    : { from: Date.parse(subject.from_time), to: Date.parse(subject.to_time) };
}

// From the first message of any stream to the last, so that streams can be compared.
function spanOfAll(found: Found): Span | null {
  const spans = found.streams
    .flatMap(({ contents }) => (contents ? rowsOf(contents) : []))
    .map(({ subject }) => spanOf(subject))
    .filter((span): span is Span => span !== null);
  return spans.length === 0
    ? null
    : spans.reduce((all, { from, to }) => ({
        from: Math.min(all.from, from),
        to: Math.max(all.to, to),
      }));
}

const sequences = ({ first_sequence, last_sequence }: SubjectTotals) =>
  first_sequence ? `${count(first_sequence)} – ${count(last_sequence ?? 0)}` : "";

function When(props: { subject: SubjectTotals; all: Span | null }) {
  const { from_time, to_time } = props.subject;
  const span = spanOf(props.subject);
  return span === null || from_time === null || to_time === null ? null : (
    <>
      <Timeline span={span} all={props.all ?? span} />
      <small>
        {dateTime(from_time)} – {dateTime(to_time)}
      </small>
    </>
  );
}

function StreamTable(props: { contents: ArchivedStream; all: Span | null }) {
  return (
    <div className="wide">
      <table className="archived">
        <thead>
          <tr>
            <th scope="col">Subject</th>
            <th scope="col" className="number">
              Messages
            </th>
            <th scope="col" className="number">
              Chunks
            </th>
            <th scope="col" className="number">
              Sequences
            </th>
            <th scope="col">When</th>
            <th scope="col">Stream made</th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(props.contents).map(({ epoch, created, subject }) => (
            <tr key={`${epoch} ${subject?.subject}`}>
              <td className="what">{subject?.subject ?? <small>nothing yet</small>}</td>
              <td className="number">{subject && count(subject.messages)}</td>
              <td className="number">{subject && count(subject.chunks)}</td>
              <td className="number">{subject && sequences(subject)}</td>
              <td>{subject && <When subject={subject} all={props.all} />}</td>
              <td title={epoch}>{created ? dateTime(created) : "nats-s3-connector"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
