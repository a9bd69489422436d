// Asking once, and again when somebody says so.

import { useEffect, useRef, useState } from "react";

export interface Asked<T> {
  data: T | null; // null before the answer
  error: Error | null;
  again: () => void;
}

// `key` says what it is: another one is asked for at once.
export function useAsked<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ data: T | null; error: Error | null }>({
    data: null,
    error: null,
  });
  const [asked, setAsked] = useState(0);
  const latestLoad = useRef(load);
  latestLoad.current = load;
  useEffect(() => {
    const abort = new AbortController();

    async function ask() {
      setState({ data: null, error: null });
      try {
        const data = await latestLoad.current(abort.signal);
        if (!abort.signal.aborted) {
          setState({ data, error: null });
        }
      } catch (error) {
        if (!abort.signal.aborted) {
          setState({ data: null, error: error as Error });
        }
      }
    }

    void ask();
    return () => abort.abort();
  }, [key, asked]);
  return { ...state, again: () => setAsked(asked + 1) };
}
