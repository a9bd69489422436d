// Asking again and again, while somebody looks.

import { useCallback, useEffect, useRef, useState } from "react";

const INTERVAL = 1000; // ms between an answer and the next question

// Answers to show until there is a new one, for who comes back to where he was. By key.
const remembered = new Map<string, unknown>();

export interface Polled<T> {
  data: T | null; // the latest answer; null before the first
  error: Error | null; // of the latest question, if it failed
  refresh: () => void; // asks now
}

// Asks `load` at once, again a second after each answer, and not while the page is hidden. With
// `once` until the first answer; with `remember` the last one is shown meanwhile. `key` says what it
// is, and stays the same while it is shown.
export function usePolling<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { once = false, remember = false } = {},
): Polled<T> {
  const last = remember ? ((remembered.get(key) ?? null) as T | null) : null;
  const [state, setState] = useState<{ data: T | null; error: Error | null }>({
    data: last,
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
      if (document.hidden) {
        return;
      }
      const mine = ++asked;
      try {
        const data = await latestLoad.current(abort.signal);
        if (mine === asked && !abort.signal.aborted) {
          if (remember) {
            remembered.set(key, data);
          }
          setState({ data, error: null });
          done = once;
        }
      } catch (error) {
        if (mine === asked && !abort.signal.aborted) {
          setState((before) => ({ data: before.data, error: error as Error }));
        }
      }
      if (!done && mine === asked && !abort.signal.aborted) {
        timer = window.setTimeout(run, INTERVAL);
      }
    }

    function lookedAt() {
      if (!done) {
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
  }, [key, once, remember]);

  const refresh = useCallback(() => ask.current(), []);
  return { ...state, refresh };
}
