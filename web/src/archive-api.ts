// What the page asks about archives.

import { ApiError, BrokenOff, errorOf, parse, Place, request } from "./api";
import { withQuery } from "./router";

const LISTS_WITHIN = 120_000; // ms: a bucket may be large
const MESSAGES_MOST = 8_000_000; // characters of messages at a time
const WHY = '{"error":';

export interface SubjectTotals {
  subject: string;
  chunks: number;
  messages: number;
  first_sequence?: number; // not of old chunks
  last_sequence?: number;
  from_time: string | null;
  to_time: string | null;
}

export interface ArchivedStream {
  stream: string;
  epochs: { epoch: string; created: string; subjects: SubjectTotals[] }[];
  old_chunks: SubjectTotals[]; // of nats-s3-connector
}

export interface ArchivedStreams {
  streams: string[];
  folders: string[]; // without a stream
}

// Which messages of a stream's archive. All but the bucket and the stream: "" for any.
export interface MessagesQuery extends Place {
  stream: string;
  subject: string;
  after: string; // epoch:seq of a message
  from_time: string;
  to_time: string;
}

export const ALL_MESSAGES = { subject: "", after: "", from_time: "", to_time: "" };

// What isn't text comes in base64. nats-s3-connector's have `archived` and no sequence or time.
export interface ArchivedMessage {
  epoch?: string;
  seq?: number;
  time?: string;
  archived?: string;
  subject?: string;
  subject_base64?: string;
  headers?: Record<string, string[]>;
  headers_base64?: Record<string, string[]>;
  data?: string;
  data_base64?: string;
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

const getArchive = (
  path: string,
  query: Record<string, string>,
  signal?: AbortSignal,
  most?: number,
) => request("GET", withQuery(`/archive${path}`, query), undefined, signal, LISTS_WITHIN, most);

export async function listArchivedStreams(
  place: Place,
  signal?: AbortSignal,
): Promise<ArchivedStreams> {
  return parse(await getArchive("/streams", { ...place }, signal), isObject);
}

export async function getArchivedStream(
  place: Place,
  stream: string,
  signal?: AbortSignal,
): Promise<ArchivedStream> {
  return parse(await getArchive("/stream", { ...place, stream }, signal), isObject);
}

// Where all of them can be had.
export const messagesAddress = (query: MessagesQuery) =>
  `/api/v1${withQuery("/archive/messages", { ...query })}`;

export interface FirstMessages {
  messages: ArchivedMessage[];
  more: boolean; // perhaps
  error: Error | null; // why there aren't more
}

// The lines that came whole, without the one that says why there aren't more.
function messagesIn(text: string): ArchivedMessage[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(WHY))
    .map((line) => parse<ArchivedMessage>(line, isObject));
}

// What the last line says of why there aren't more.
function whyNoMore(text: string): ApiError | null {
  const last = text.trimEnd().split("\n").pop() ?? "";
  return last.startsWith(WHY) ? new ApiError(errorOf(last) ?? last, 0) : null;
}

// The first `limit`, or fewer when they are large, or when the server can't go on.
export async function readMessages(
  query: MessagesQuery,
  limit: number,
  signal?: AbortSignal,
): Promise<FirstMessages> {
  const ask = (more: object) =>
    getArchive("/messages", { ...query, ...more }, signal, MESSAGES_MOST);
  try {
    const text = await ask({ limit: String(limit) });
    const messages = messagesIn(text);
    const more = messages.length === limit || text.length > MESSAGES_MOST;
    return { messages, more, error: whyNoMore(text) };
  } catch (error) {
    const text = error instanceof BrokenOff ? error.text : "";
    const messages = messagesIn(text);
    const last = messages[messages.length - 1];
    const why = whyNoMore(text);
    if (why !== null || last?.seq === undefined) {
      return { messages, more: false, error: why ?? (error as Error) };
    }
    // The line that says why was lost: what is wrong comes first behind the last message, and then
    // with a status and words.
    const told = await ask({ after: placeOf(last), limit: "1" }).then(
      () => error as Error,
      (failed: Error) => failed,
    );
    return { messages, more: false, error: told };
  }
}

// How a message is named to go on after it.
export const placeOf = ({ epoch, seq }: ArchivedMessage) => `${epoch}:${seq}`;
