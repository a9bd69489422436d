// Addresses: each page has one, so that it can be sent to somebody, and "back" goes back.

import { MouseEvent, ReactNode, useEffect, useState } from "react";

const MOVED = "nats3-moved";

// The values that aren't "".
export function withQuery(path: string, query: Record<string, string>): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `${path}?${new URLSearchParams(given)}`;
}

export function navigate(to: string) {
  const here = window.location.pathname + window.location.search;
  window.history[to === here ? "replaceState" : "pushState"](null, "", to);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo(0, 0);
}

// The address shown, path and query.
export function useAddress(): URL {
  const [href, setHref] = useState(window.location.href);
  useEffect(() => {
    const moved = () => setHref(window.location.href);
    window.addEventListener("popstate", moved);
    window.addEventListener(MOVED, moved);
    return () => {
      window.removeEventListener("popstate", moved);
      window.removeEventListener(MOVED, moved);
    };
  }, []);
  return new URL(href);
}

// A link to another of these pages. With a key held down it opens a tab like any other link.
export function Link(props: { to: string; className?: string; children: ReactNode }) {
  function follow(event: MouseEvent) {
    if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      navigate(props.to);
    }
  }
  return (
    <a href={props.to} className={props.className} onClick={follow}>
      {props.children}
    </a>
  );
}

// What the tab, the history and a bookmark say.
export function useTitle(title: string) {
  useEffect(() => {
    document.title = title === "" ? "nats3" : `${title} · nats3`;
  }, [title]);
}
