// Hive Gateway over a composed supergraph: hive-gateway supergraph --config-path hive.config.mjs
import { defineConfig } from '@graphql-hive/gateway';

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? 'supergraph/theguild.graphql',
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 4000),
  propagateHeaders: {
    // no header of the caller is passed on by itself
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') ?? undefined }),
  },
});
