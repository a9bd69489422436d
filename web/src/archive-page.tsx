// What is in a bucket: the streams archived there, over time, and what to do with them.

import { FormEvent, useState } from "react";
import {
  ArchivedStream,
  getArchivedStream,
  KINDS,
  listArchivedStreams,
  listJobs,
  Place,
  SubjectTotals,
} from "./api";
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

function addressOf(place: Place): string {
  const prefix = place.prefix ? { prefix: place.prefix } : {};
  return `/archive?${new URLSearchParams({ bucket: place.bucket, ...prefix })}`;
}

const nameOf = (place: Place) => [place.bucket, place.prefix].filter(Boolean).join("/");

// Where jobs archive, and a form for elsewhere.
function ChoosePage() {
  useTitle("Archives");
  const [place, setPlace] = useState<Place>({ bucket: "", prefix: "" });
  const { data, error } = usePolling("places", placesOfJobs, { once: true });

  function open(event: FormEvent) {
    event.preventDefault();
    navigate(addressOf(place));
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
            <li key={addressOf(each)}>
              <Link to={addressOf(each)}>{nameOf(each)}</Link>
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
  const byAddress = new Map(places.map((place) => [addressOf(place), place]));
  return [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

interface Found {
  streams: { name: string; contents: ArchivedStream | null; error: Error | null }[];
  folders: string[];
}

async function lookInside(place: Place, signal: AbortSignal): Promise<Found> {
  const { streams, folders } = await listArchivedStreams(place, signal);
  const each = streams.map(async (name) => {
    try {
      return { name, contents: await getArchivedStream(place, name, signal), error: null };
    } catch (error) {
      return { name, contents: null, error: error as Error };
    }
  });
  return { streams: await Promise.all(each), folders };
}

function BucketPage(props: { place: Place }) {
  const { place } = props;
  useTitle(`Archive ${nameOf(place)}`);
  const { data, error, refresh } = usePolling(
    addressOf(place),
    (signal) => lookInside(place, signal),
    { once: true },
  );
  return (
    <article>
      <header>
        <h2>
          <small>archive</small> {nameOf(place)}
        </h2>
        <p className="actions">
          <button type="button" onClick={refresh}>
            Look again
          </button>
          <Link to="/archive" className="button">
            Another bucket
          </Link>
        </p>
      </header>
      <Trouble error={error} />
      {!data && !error && <p className="none">Looking…</p>}
      {data?.streams.length === 0 && <p className="none">No stream is archived here.</p>}
      {data && <Folders place={place} folders={data.folders} />}
      {data?.streams.map(({ name, contents, error: unread }) => (
        <section key={name}>
          <header>
            <h3>{name}</h3>
            <Next place={place} stream={name} />
          </header>
          <Trouble error={unread} />
          {contents && <Contents contents={contents} all={spansOf(data)} />}
        </section>
      ))}
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
          to={addressOf({ bucket, prefix: [prefix, folder].filter(Boolean).join("/") })}
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
  return (
    <p className="actions">
      <Link to={`/load/new?${load}`} className="button">
        Replay
      </Link>
      <Link to={`/verify/new?${verify}`} className="button">
        Verify
      </Link>
    </p>
  );
}

interface Row extends SubjectTotals {
  epoch: string; // "" for old chunks
  created: string | null; // the stream, at the beginning of the epoch
}

const rowsOf = (contents: ArchivedStream): Row[] => [
  ...contents.old_chunks.map((subject) => ({ ...subject, epoch: "", created: null })),
  ...contents.epochs.flatMap(({ epoch, created, subjects }) =>
    subjects.map((subject) => ({ ...subject, epoch, created })),
  ),
];

function spanOf({ from_time, to_time }: SubjectTotals): Span | null {
  return from_time === null || to_time === null
    ? null
    : { from: Date.parse(from_time), to: Date.parse(to_time) };
}

// Of all that was found, so that streams can be compared.
const spansOf = (found: Found): Span[] =>
  found.streams
    .flatMap(({ contents }) => (contents ? rowsOf(contents) : []))
    .map(spanOf)
    .filter((span): span is Span => span !== null);

const sequences = ({ first_sequence, last_sequence }: Row) =>
  first_sequence ? `${count(first_sequence)} – ${count(last_sequence ?? 0)}` : "";

function When(props: { row: Row; all: Span[] }) {
  const { from_time, to_time } = props.row;
  const span = spanOf(props.row);
  return span === null || from_time === null || to_time === null ? null : (
    <>
      <Timeline span={span} all={props.all} />
      <small>
        {dateTime(from_time)} – {dateTime(to_time)}
      </small>
    </>
  );
}

function Contents(props: { contents: ArchivedStream; all: Span[] }) {
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
          {rowsOf(props.contents).map((row) => (
            <tr key={`${row.epoch} ${row.subject}`}>
              <td className="what">{row.subject}</td>
              <td className="number">{count(row.messages)}</td>
              <td className="number">{count(row.chunks)}</td>
              <td className="number">{sequences(row)}</td>
              <td>
                <When row={row} all={props.all} />
              </td>
              <td title={row.epoch}>{row.created ? dateTime(row.created) : "nats-s3-connector"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
