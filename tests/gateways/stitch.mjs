// Schema stitching: runs, steps and workflows of two services are merged by key, over `_entities`.
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildHTTPExecutor } from '@graphql-tools/executor-http';
import { stitchSchemas } from '@graphql-tools/stitch';
import { schemaFromExecutor } from '@graphql-tools/wrap';

async function subschema(endpoint) {
  const executor = buildHTTPExecutor({
    endpoint,
    // no header of the caller is passed on by itself
    headers: ({ context } = {}) => (context?.authorization ? { authorization: context.authorization } : {}),
  });
  const schema = await schemaFromExecutor(executor);
  const merge = Object.fromEntries(schema.getType('_Entity').getTypes().map(({ name: __typename }) => [__typename, {
    selectionSet: '{ id }',
    fieldName: '_entities',
    key: ({ id }) => ({ __typename, id }),
    argsFromKeys: (representations) => ({ representations }),
  }]));
  return { schema, executor, merge };
}

const { HISTOGRAPH = 'http://127.0.0.1:8000/graphql', NEIGHBOUR, PORT = 4000 } = process.env;
const schema = stitchSchemas({
  subschemas: await Promise.all([HISTOGRAPH, NEIGHBOUR].filter(Boolean).map(subschema)),
});

const server = new ApolloServer({ schema, plugins: [ApolloServerPluginInlineTraceDisabled()] });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(PORT) },
  context: async ({ req }) => ({ authorization: req.headers.authorization }),
});
console.log(`ready at ${url}`);
