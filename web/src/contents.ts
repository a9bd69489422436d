// What is in a bucket, asked once: a large one takes the server a while.

import { useEffect, useState } from "react";
import { Place } from "./api";
import { ArchivedStream, getArchivedStream, listArchivedStreams } from "./archive-api";

export interface FoundStream {
  name: string;
  contents: ArchivedStream | null;
  error: Error | null;
}

export interface Found {
  streams: FoundStream[];
  folders: string[]; // without a stream
  left: number; // streams that are still to be asked for
}

export interface Contents {
  found: Found | null;
  error: Error | null;
  again: () => void; // asks anew
}

async function lookAt(place: Place, name: string, signal: AbortSignal): Promise<FoundStream> {
  try {
    return { name, contents: await getArchivedStream(place, name, signal), error: null };
  } catch (error) {
    return { name, contents: null, error: error as Error };
  }
}

// One stream after the other, each shown as it comes.
export function useContents({ bucket, prefix }: Place): Contents {
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const place = { bucket, prefix };

    async function look() {
      setError(null);
      try {
        const { streams: names, folders } = await listArchivedStreams(place, signal);
        const streams: FoundStream[] = [];
        for (const name of names) {
          streams.push(await lookAt(place, name, signal));
          if (signal.aborted) {
            return;
          }
          setFound({ streams: [...streams], folders, left: names.length - streams.length });
        }
        if (!signal.aborted) {
          setFound({ streams, folders, left: 0 });
        }
      } catch (failed) {
        if (!signal.aborted) {
          setError(failed as Error);
        }
      }
    }

    void look();
    return () => abort.abort();
  }, [bucket, prefix, asked]);
  return { found, error, again: () => setAsked(asked + 1) };
}
