// The web page of nats3: which page an address shows, and what is around each.

import { Component, ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Kind, KINDS, listServers, Server, whyNotReady } from "./api";
import { ArchivePage } from "./archive-page";
import { JobPage } from "./job-page";
import { JobsPage } from "./jobs-page";
import { MessagesPage } from "./messages-page";
import { NewJobPage } from "./new-job-page";
import { usePolling } from "./polling";
import { Link, useAddress, useTitle } from "./router";

function App() {
  const address = useAddress();
  const { data, error } = usePolling("server", async (signal) => {
    const [servers, notReady] = await Promise.all([listServers(signal), whyNotReady(signal)]);
    return { servers, notReady };
  });
  const servers = data?.servers ?? [];
  return (
    <>
      <header className="top">
        <h1>
          <Link to="/">nats3</Link>
        </h1>
        <Servers servers={servers} />
        <nav>
          <Link to="/archive">archives</Link>
          <a href="/metrics">metrics</a>
          <a href="/api/v1/openapi.json">API</a>
        </nav>
      </header>
      <main>
        {data?.notReady && (
          <p className="trouble" role="alert">
            {data.notReady}
          </p>
        )}
        <Page address={address} servers={servers} away={error} />
      </main>
    </>
  );
}

function Servers(props: { servers: Server[] }) {
  const self = props.servers.find((server) => server.self);
  const { length } = props.servers;
  return (
    <span className="servers" title={props.servers.map((server) => server.name).join(", ")}>
      {self?.version}
      {length > 1 && ` · ${length} servers`}
    </span>
  );
}

function Page(props: { address: URL; servers: Server[]; away: Error | null }) {
  const { pathname, searchParams } = props.address;
  const [kind, id, more] = pathname.split("/").filter(Boolean);
  if (kind === undefined) {
    return <JobsPage />;
  }
  if (kind === "archive" && id === undefined) {
    return <ArchivePage key={`${searchParams}`} query={searchParams} />;
  }
  if (kind === "messages" && id === undefined) {
    return <MessagesPage key={`${searchParams}`} query={searchParams} />;
  }
  if (KINDS.includes(kind as Kind) && id !== undefined && more === undefined) {
    return id === "new" ? (
      <NewJobPage
        key={`${kind}?${searchParams}`}
        kind={kind as Kind}
        query={searchParams}
        away={props.away}
      />
    ) : (
      <JobPage key={`${kind}/${id}`} kind={kind as Kind} id={id} servers={props.servers} />
    );
  }
  return <NoPage path={pathname} />;
}

function NoPage(props: { path: string }) {
  useTitle("No such page");
  return (
    <>
      <p className="trouble">There is no page {props.path}.</p>
      <p>
        <Link to="/">All jobs</Link>
      </p>
    </>
  );
}

// An error of the page itself is told, instead of showing nothing.
class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error === null ? (
      this.props.children
    ) : (
      <main>
        <p className="trouble" role="alert">
          This page failed: {this.state.error.message}. <a href="/">All jobs</a>, and please report
          it.
        </p>
      </main>
    );
  }
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Boundary>
        <App />
      </Boundary>
    </StrictMode>,
  );
}
