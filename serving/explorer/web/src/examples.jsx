// A panel that brings the first queries back after their tabs were changed or closed.

import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { examples } from "./queries.js";

export const Examples = { title: "Examples", icon: ExamplesIcon, content: ExamplesPanel };

function ExamplesPanel() {
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL(({ queryEditor, variableEditor }) => ({ queryEditor, variableEditor }));

  function open({ query, variables = "" }) {
    addTab();
    queryEditor.setValue(query);
    variableEditor.setValue(variables);
  }

  return (
    <section aria-label="Examples">
      <div className="examples-title">Examples</div>
      <ul className="examples">
        {examples().map((example) => (
          <li key={example.title}>
            <button type="button" onClick={() => open(example)}>
              <b>{example.title}</b>
              {example.about}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d="M9 18h6M10 21h4M8.5 14.5a6 6 0 1 1 7 0c-.7.5-1 1.2-1 2h-5c0-.8-.3-1.5-1-2Z" />
    </svg>
  );
}
