// The queries a user meets first. The texts lie in ../../queries, where the tests of the schema run them too.

import failedLastDay from "../../queries/failed_last_day.graphql?raw";
import failedSteps from "../../queries/failed_steps.graphql?raw";
import newestRuns from "../../queries/newest_runs.graphql?raw";
import nextPage from "../../queries/next_page.graphql?raw";

const HOUR = 3_600_000; // milliseconds

/** Each as one tab. All run without variables as well. */
export function examples(now = Date.now()) {
  return [
    { title: "Newest runs", about: "25 runs over all sources, with their steps", query: newestRuns },
    {
      title: "Failed in the last day",
      about: "What went wrong, and where",
      query: failedLastDay,
      variables: json({ since: new Date(now - 24 * HOUR).toISOString() }),
    },
    { title: "Page by page", about: "Cursors that hold while new runs start", query: nextPage, variables: json({ after: null }) },
    { title: "By step", about: "Runs in which a step failed", query: failedSteps },
  ].map((example) => ({ ...example, query: example.query.trimEnd() }));
}

function json(value) {
  return JSON.stringify(value, null, 2);
}
