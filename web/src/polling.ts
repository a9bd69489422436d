// Asking again and again: what a page shows is at most a second old while somebody looks at it.

import { useCallback, useEffect, useRef, useState } from "react";

const INTERVAL = 1000; // ms between an answer and the next question

// The last answers, by key: who comes back sees them until there is a new one.
const remembered = new Map<string, unknown>();

export interface Polled<T> {
  data: T | null; // the latest answer; null before the first
  error: Error | null; // of the latest question, if it failed
  refresh: () => void; // asks now
}

// Asks `load` at once, again a second after each answer, and not while the page is hidden. With
// `once` until the first answer. `key` says what it is, and stays the same while it is shown.
export function usePolling<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { once = false } = {},
): Polled<T> {
  const before = (remembered.get(key) ?? null) as T | null;
  const [state, setState] = useState<{ data: T | null; error: Error | null }>({
    data: before,
    error: null,
  });
  const latestLoad = useRef(load);
  latestLoad.current = load;
  const ask = useRef(() => {});

  useEffect(() => {
    const abort = new AbortController();
    let timer: number | undefined;
    let asked = 0;
    let done = false;

    async function run() {
      window.clearTimeout(timer);
      const mine = ++asked;
      try {
        const data = await latestLoad.current(abort.signal);
        if (mine === asked && !abort.signal.aborted) {
          remembered.set(key, data);
          setState({ data, error: null });
          done = once;
        }
      } catch (error) {
        if (mine === asked && !abort.signal.aborted) {
          setState((before) => ({ data: before.data, error: error as Error }));
        }
      }
      if (!done && mine === asked && !abort.signal.aborted && !document.hidden) {
        timer = window.setTimeout(run, INTERVAL);
      }
    }

    function lookedAt() {
      if (!document.hidden && !done) {
        void run();
      }
    }

    ask.current = () => void run();
    document.addEventListener("visibilitychange", lookedAt);
    void run();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", lookedAt);
    };
  }, [key, once]);

  const refresh = useCallback(() => ask.current(), []);
  return { ...state, refresh };
}
