// Visits the explorer as a user would: opens URL, presses play, reads the answer, looks into the documentation.
//
//   node explore.mjs URL OUT.png [--example TITLE] [--expect TEXT]... [--docs NAME]... [--dark] [--silent]
//
// --example an entry of the Examples panel to open before play
// --expect  the answer must hold this text
// --docs    a link to follow in the documentation; several are followed one after the other
// --silent  the endpoint does not answer; the page must say so
//
// Prints what was seen as one JSON object. Exits with 1 when anything went wrong: a request to another host, an error
// in the console or the page, a failed request, an answer that is not shown.

import { parseArgs } from "node:util";
import { launch } from "./chromium.mjs";

const PATIENCE = 30_000; // milliseconds, for any one thing to appear
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    example: { type: "string" },
    expect: { type: "string", multiple: true, default: [] },
    docs: { type: "string", multiple: true, default: [] },
    dark: { type: "boolean", default: false },
    silent: { type: "boolean", default: false },
  },
});
const [url, picture] = positionals;
const seen = { url, title: "", query: "", variables: {}, answer: null, shown: "", docs: [], trouble: "", workers: [], requests: 0, problems: [] };

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: values.dark ? "dark" : "light" });
  page.setDefaultTimeout(PATIENCE);
  watch(page);
  await (values.silent ? meetSilence(page) : useIt(page));
  seen.title = await page.title();
  seen.workers = page.workers().map((worker) => new URL(worker.url()).pathname.split("/").pop());
} catch (error) {
  seen.problems.push(error.message);
  await browser.contexts()[0]?.pages()[0]?.screenshot({ path: picture }).catch(() => {});
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
process.exitCode = seen.problems.length ? 1 : 0;

/** Notes whatever a clean visit does not have. */
function watch(page) {
  const { host } = new URL(url);
  page.on("request", (request) => {
    const target = new URL(request.url());
    seen.requests += 1;
    if (target.protocol.startsWith("http") && target.host !== host) seen.problems.push(`request to another host: ${target.href}`);
  });
  page.on("pageerror", (error) => seen.problems.push(`error in the page: ${error.stack ?? error.message}`));
  if (values.silent) return; // what follows is then expected
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") seen.problems.push(`console: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) seen.problems.push(`HTTP ${response.status()}: ${response.url()}`);
  });
}

async function useIt(page) {
  const query = page.locator(".graphiql-query-editor .view-lines");
  await Promise.all([
    page.waitForResponse(asks("__schema")),
    page.goto(url),
    query.locator(".view-line", { hasText: /\S/ }).first().waitFor(),
  ]);
  if (values.example) await openExample(page, values.example);

  const [exchange] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST" && !asks("__schema")(response)),
    page.locator("button.graphiql-execute-button").click(),
  ]);
  seen.variables = exchange.request().postDataJSON().variables ?? {};
  seen.answer = await exchange.json();
  const response = page.locator(".graphiql-response .view-lines");
  await response.locator(".view-line", { hasText: /"(data|errors)"/ }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".graphiql-spinner"));
  seen.query = await lines(query);
  seen.shown = await lines(response);
  const answer = JSON.stringify(seen.answer, null, 2);
  if (!solid(answer).startsWith(solid(seen.shown))) seen.problems.push(`shown is not the answer, but: ${seen.shown}`);
  for (const text of values.expect) {
    if (!answer.includes(text)) seen.problems.push(`not in the answer: ${text}`);
  }
  await hearTheWorker(page, query);
  const wrong = await page.locator(".graphiql-query-editor .squiggly-error").count();
  if (wrong) seen.problems.push(`the editor underlines ${wrong} places of the query as wrong`);
  await page.screenshot({ path: picture });
  if (values.docs.length) await readDocs(page);
}

async function openExample(page, title) {
  await page.getByRole("button", { name: "Show Examples" }).click();
  await page.getByRole("region", { name: "Examples" }).getByRole("button", { name: title }).click();
  await page.locator(".graphiql-tab-active", { hasNotText: "<untitled>" }).waitFor(); // then the editor knows what to run
}

/** Waits for the language worker, by what it says of the field under the mouse; then what it underlines counts. */
async function hearTheWorker(page, query) {
  await query.getByText("executionHistory", { exact: true }).first().hover();
  const hint = page.locator(".graphiql-query-editor .monaco-hover", { hasText: "Query.executionHistory" });
  await hint.waitFor();
  await page.locator(".graphiql-logo").hover();
  await hint.waitFor({ state: "hidden" });
}

/** Opens the documentation, follows the links and notes what each page says. */
async function readDocs(page) {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  const panel = page.locator(".graphiql-doc-explorer");
  for (const name of values.docs) {
    await panel.getByRole("link", { name, exact: true }).first().click();
    await panel.locator(".graphiql-doc-explorer-title", { hasText: name }).waitFor();
    seen.docs.push({ name, text: await panel.innerText() });
  }
  await page.screenshot({ path: picture.replace(/\.png$/, ".docs.png") });
}

async function meetSilence(page) {
  await page.route((target) => target.pathname === "/graphql", (route) => route.abort());
  await page.goto(url);
  seen.trouble = await page.getByRole("alert").first().innerText();
  await page.screenshot({ path: picture });
}

function asks(word) {
  return (response) => (response.request().postData() ?? "").includes(word);
}

/** Without blanks: the editor breaks long lines. */
function solid(text) {
  return text.replaceAll(/\s/g, "");
}

/** What an editor shows, from top to bottom; it keeps its lines in no order, and blanks as no-break spaces. */
async function lines(editor) {
  return editor.evaluate((element) =>
    [...element.querySelectorAll(".view-line")]
      .sort((one, other) => parseFloat(one.style.top) - parseFloat(other.style.top))
      .map((line) => line.textContent.replaceAll("\u00a0", " "))
      .join("\n"),
  );
}
