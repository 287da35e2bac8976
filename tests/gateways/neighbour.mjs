// A subgraph of another team: it holds ids of ours, and adds to every run, every step and every workflow.
//
// /graphql   for federation: knows runs and steps by the names of their interfaces alone (@interfaceObject)
// /stitched  for stitching, which cannot merge an object there with an interface here: knows each type by its name
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, graphql } from 'graphql';

const PROVIDERS = (process.env.PROVIDERS ?? '').split(',').filter(Boolean);
const FEDERATED = readFileSync(new URL('neighbour.graphql', import.meta.url), 'utf8');
const STITCHED = `
type Query {
  owned(ids: [ID!]!): [Workflow]!
${PROVIDERS.map((name) => `
  flagged${name}(ids: [ID!]!): [${name}Execution]!
  suspects${name}(ids: [ID!]!): [${name}Step]!
`).join('')}
}
${PROVIDERS.map((name) => `
type ${name}Execution @key(fields: "id") { id: ID! costCenter: String }
type ${name}Step @key(fields: "id") { id: ID! runbook: String }
`).join('')}
type Workflow @key(fields: "id") { id: ID! owner: Team }
type Team { name: String! }
`;
const DEFINITIONS = `
scalar Import
directive @link(url: String!, import: [Import]) repeatable on SCHEMA
directive @key(fields: String!) repeatable on OBJECT | INTERFACE
directive @shareable on OBJECT
directive @interfaceObject on OBJECT
type _Service { sdl: String }
scalar _Any
`;

const end = (id) => id.slice(-6);
const entity = (name, id) => {
  if (name.endsWith('Execution')) return { __typename: name, id, costCenter: `pays ${end(id)}` };
  if (name.endsWith('Step')) return { __typename: name, id, runbook: `read ${end(id)}` };
  return { __typename: name, id, owner: { name: `team ${end(id)}` } };
};
const listed = (name) => ({ ids }) => ids.map((id) => entity(name, id));

function subgraph(sdl) {
  const names = [...sdl.matchAll(/^type (\w+) @key/gm)].map((match) => match[1]);
  const schema = buildSchema(`${sdl}${DEFINITIONS}
    union _Entity = ${names.join(' | ')}
    extend type Query { _service: _Service! _entities(representations: [_Any!]!): [_Entity]! }`);
  const rootValue = {
    _service: { sdl },
    _entities: ({ representations }) => representations.map(({ __typename, id }) => entity(__typename, id)),
    flagged: listed('Execution'),
    suspects: listed('ExecutionStep'),
    owned: listed('Workflow'),
    reviewed: ({ ids }) => ({
      nodes: ids.map((id) => entity('Execution', id)),
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: ids.at(-1) },
    }),
  };
  for (const name of PROVIDERS) {
    rootValue[`flagged${name}`] = listed(`${name}Execution`);
    rootValue[`suspects${name}`] = listed(`${name}Step`);
  }
  return ({ query, variables, operationName }) =>
    graphql({ schema, source: query, rootValue, variableValues: variables, operationName });
}

const subgraphs = { '/graphql': subgraph(FEDERATED), '/stitched': subgraph(STITCHED) };

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const answer = await subgraphs[request.url](JSON.parse(Buffer.concat(parts)));
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${server.address().port}`);
});
