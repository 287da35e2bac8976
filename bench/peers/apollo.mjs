// Apollo Server in its standalone form. It keeps parsed and validated documents by itself.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { port, resolvers, typeDefs } from './schema.mjs'

const server = new ApolloServer({ typeDefs, resolvers })
await startStandaloneServer(server, { listen: { port, host: '127.0.0.1' } })
