// Apollo Gateway under Apollo Server, over a composed supergraph.
import { readFile } from 'node:fs/promises';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const gateway = new ApolloGateway({
  supergraphSdl: await readFile(process.env.SUPERGRAPH ?? 'supergraph/apollo.graphql', 'utf8'),
  buildService: ({ name, url }) => new RemoteGraphQLDataSource({
    url,
    apq: name === 'histograph', // which can: a plan's document travels once, then by its hash
    willSendRequest({ request, context }) {
      // no header of the caller is passed on by itself
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
