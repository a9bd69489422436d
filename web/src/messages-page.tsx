// The messages of an archive, as they are in the bucket: the first of those that are asked for.

import { FormEvent, useState } from "react";
import { archivePage, messagesPage } from "./addresses";
import {
  ArchivedMessage,
  MessagesQuery,
  messagesAddress,
  placeOf,
  readMessages,
} from "./archive-api";
import { useAsked } from "./asking";
import { count, dateTime } from "./format";
import { Trouble } from "./job-state";
import { Link, navigate, useTitle } from "./router";

const SHOWN = 100; // messages at a time
const SHOWN_TEXT = 4000; // characters of one

// What a message is asked for by, and how it's said to people.
const CHOICES = {
  subject: ["Subject", "all: orders.eu, orders.* or orders.>"],
  from_time: ["From", "the beginning: 2026-11-24T08:00:00Z"],
  to_time: ["To", "the end: 2026-11-24T09:00:00Z"],
} as const;
type Choice = keyof typeof CHOICES;

export function MessagesPage(props: { query: URLSearchParams }) {
  const given = (key: keyof MessagesQuery) => props.query.get(key) ?? "";
  const query: MessagesQuery = {
    bucket: given("bucket"),
    prefix: given("prefix"),
    stream: given("stream"),
    subject: given("subject"),
    after: given("after"),
    from_time: given("from_time"),
    to_time: given("to_time"),
  };
  useTitle(`Messages of ${query.stream}`);
  const { data, error, again } = useAsked(messagesPage(query), (signal) =>
    readMessages(query, SHOWN, signal),
  );
  return (
    <article>
      <header>
        <h2>
          <small>messages</small> {query.stream}
        </h2>
        <p className="actions">
          <a href={messagesAddress(query)} download={`${query.stream}.ndjson`} className="button">
            Download all
          </a>
          <Link to={archivePage({ bucket: query.bucket, prefix: query.prefix })} className="button">
            All streams
          </Link>
        </p>
      </header>
      <ChoiceForm query={query} />
      {query.after && (
        <p className="none">
          After {query.after}.{" "}
          <Link to={messagesPage({ ...query, after: "" })}>From the first</Link>
        </p>
      )}
      <Trouble error={error} />
      {!data && !error && <p className="none">Looking…</p>}
      {data?.messages.length === 0 && data.error === null && (
        <p className="none">No such message is archived.</p>
      )}
      {data && data.messages.length > 0 && <Messages messages={data.messages} />}
      <Trouble error={data?.error ?? null} />
      {(error ?? data?.error) && (
        <p className="buttons">
          <button type="button" onClick={again}>
            Look again
          </button>
        </p>
      )}
      {data?.more && <More query={query} last={data.messages[data.messages.length - 1]} />}
    </article>
  );
}

function ChoiceForm(props: { query: MessagesQuery }) {
  const [query, setQuery] = useState(props.query);

  function open(event: FormEvent) {
    event.preventDefault();
    navigate(messagesPage({ ...query, after: "" }));
  }
  return (
    <form className="choice" onSubmit={open}>
      {(Object.keys(CHOICES) as Choice[]).map((key) => (
        <div className="field" key={key}>
          <label htmlFor={`field-${key}`}>{CHOICES[key][0]}</label>
          <input
            id={`field-${key}`}
            value={query[key]}
            placeholder={CHOICES[key][1]}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setQuery({ ...query, [key]: event.target.value.trim() })}
          />
        </div>
      ))}
      <button type="submit" className="main">
        Show
      </button>
    </form>
  );
}

function More(props: { query: MessagesQuery; last: ArchivedMessage | undefined }) {
  const { query, last } = props;
  return last?.seq === undefined ? (
    <p className="none">There may be more: choose a time, or download all.</p>
  ) : (
    <p className="buttons">
      <Link to={messagesPage({ ...query, after: placeOf(last) })} className="button">
        Next ones
      </Link>
    </p>
  );
}

function Messages(props: { messages: ArchivedMessage[] }) {
  return (
    <div className="wide">
      <table className="messages">
        <thead>
          <tr>
            <th scope="col" className="number">
              Sequence
            </th>
            <th scope="col">Time</th>
            <th scope="col">Subject</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          {props.messages.map((message, index) => (
            <tr key={index}>
              <td className="number" title={message.epoch}>
                {message.seq !== undefined && count(message.seq)}
              </td>
              <td>
                <When message={message} />
              </td>
              <td className="what">
                {message.subject ?? <Bytes base64={message.subject_base64} />}
              </td>
              <td>
                <Headers headers={message.headers ?? {}} />
                {message.headers_base64 && <small>headers that aren’t text</small>}
                {message.data === undefined ? (
                  <Bytes base64={message.data_base64} />
                ) : (
                  <Text text={message.data} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function When(props: { message: ArchivedMessage }) {
  const { time, archived } = props.message;
  return time === undefined ? (
    <>
      {archived && dateTime(archived)} <small>archived</small>
    </>
  ) : (
    <span title={time}>{dateTime(time)}</span>
  );
}

function Headers(props: { headers: Record<string, string[]> }) {
  const fields = Object.entries(props.headers).flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}`),
  );
  return fields.length === 0 ? null : (
    <ul className="headers">
      {fields.map((field, index) => (
        <li key={index}>{field}</li>
      ))}
    </ul>
  );
}

function Bytes(props: { base64: string | undefined }) {
  const base64 = props.base64 ?? "";
  const size = (base64.length / 4) * 3 - (base64.match(/=*$/)?.[0].length ?? 0);
  return <small>{count(size)} bytes that aren’t text</small>;
}

function Text(props: { text: string }) {
  const { text } = props;
  const cut = text.length > SHOWN_TEXT;
  return text === "" ? (
    <small>empty</small>
  ) : (
    <pre>
      {text.slice(0, SHOWN_TEXT)}
      {cut && <small> … {count(text.length - SHOWN_TEXT)} more characters</small>}
    </pre>
  );
}
