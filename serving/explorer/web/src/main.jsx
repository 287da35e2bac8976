// The explorer: GraphiQL with its workers bundled, a few queries to begin with, and a word when the endpoint is silent.

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./style.css";

import { createLocalStorage } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { Examples } from "./examples.jsx";
import { createFetcher } from "./fetcher.js";
import mark from "./mark.svg";
import { examples } from "./queries.js";

const settings = JSON.parse(document.getElementById("settings").textContent);
const endpoint = new URL(settings.endpoint ?? "/graphql", document.baseURI).href;
const storage = createLocalStorage({ namespace: "histograph" }); // another GraphiQL may have lived on this port
const plugins = [Examples, HISTORY_PLUGIN];

/** The tabs of a first visit. A link may bring a query: `?query=...&variables=...` opens it, and does not run it. */
function firstTabs() {
  const link = new URLSearchParams(location.search);
  const query = link.get("query");
  const linked = query ? [{ query, variables: link.get("variables") }] : [];
  return { linked: linked[0], tabs: [...linked, ...examples()] };
}

const { linked, tabs } = firstTabs();

function App() {
  const [trouble, setTrouble] = useState(null);
  const [attempt, setAttempt] = useState(1);
  const fetcher = useMemo(() => createFetcher(endpoint, setTrouble), [attempt]); // a new one makes GraphiQL ask for the schema
  return (
    <>
      {trouble && (
        <p className="trouble" role="alert">
          <span>{trouble}</span>
          <button type="button" onClick={() => setAttempt(attempt + 1)}>Try again</button>
        </p>
      )}
      <div className="explorer">
        <GraphiQL
          fetcher={fetcher}
          storage={storage}
          plugins={plugins}
          defaultTabs={tabs}
          initialQuery={linked?.query}
          initialVariables={linked?.variables ?? undefined}
          schemaDescription
          inputValueDeprecation
          shouldPersistHeaders={false} // a header may hold a token
        >
          <GraphiQL.Logo>
            <span className="logo"><img src={mark} alt="" width="22" height="22" />Histograph</span>
          </GraphiQL.Logo>
        </GraphiQL>
      </div>
    </>
  );
}

createRoot(document.getElementById("root")).render(<App />);
