// The web page of nats3: which page an address shows, and what is around each.

import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { Kind, KINDS, listServers, Server, whyNotReady } from "./api";
import { JobPage } from "./job-page";
import { JobsPage } from "./jobs-page";
import { NewJobPage } from "./new-job-page";
import { usePolling } from "./polling";
import { Link, useAddress } from "./router";

function App() {
  const address = useAddress();
  const { data } = usePolling("server", async (signal) => {
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
        <Page address={address} servers={servers} />
      </main>
    </>
  );
}

function Servers(props: { servers: Server[] }) {
  const self = props.servers.find((server) => server.self);
  const others = props.servers.length - (self ? 1 : 0);
  return (
    <span className="servers" title={props.servers.map((server) => server.name).join(", ")}>
      {self?.version}
      {others > 0 && ` · ${others + (self ? 1 : 0)} servers`}
    </span>
  );
}

function Page(props: { address: URL; servers: Server[] }) {
  const { pathname, searchParams } = props.address;
  const [kind, id, more] = pathname.split("/").filter(Boolean);
  useEffect(() => {
    document.title = pathname === "/" ? "nats3" : `nats3 · ${pathname.slice(1)}`;
  }, [pathname]);
  if (kind === undefined) {
    return <JobsPage />;
  }
  if (KINDS.includes(kind as Kind) && id !== undefined && more === undefined) {
    return id === "new" ? (
      <NewJobPage key={kind} kind={kind as Kind} query={searchParams} />
    ) : (
      <JobPage key={`${kind}/${id}`} kind={kind as Kind} id={id} servers={props.servers} />
    );
  }
  return (
    <>
      <p className="trouble">There is no page {pathname}.</p>
      <p>
        <Link to="/">All jobs</Link>
      </p>
    </>
  );
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
