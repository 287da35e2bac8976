// Apollo Gateway under Apollo Server, over a composed supergraph.
import { readFile } from 'node:fs/promises';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const gateway = new ApolloGateway({
  supergraphSdl: await readFile(process.env.SUPERGRAPH ?? 'supergraph/apollo.graphql', 'utf8'),
  buildService: ({ url }) => new RemoteGraphQLDataSource({
    url,
    apq: true, // the documents of query plans travel once, then by their hash
    willSendRequest({ request, context }) {
      // Apollo Gateway passes on no header of the caller by itself
      if (context.authorization) request.http.headers.set('authorization', context.authorization);
    },
  }),
});

const server = new ApolloServer({ gateway });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT ?? 4000) },
  context: async ({ req }) => ({ authorization: req.headers.authorization }),
});
console.log(`ready at ${url}`);
