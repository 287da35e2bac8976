// graphql-yoga on node:http. It keeps parsed and validated documents by itself.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { port, resolvers, typeDefs } from './schema.mjs'

const schema = createSchema({ typeDefs, resolvers, resolverValidationOptions: { requireResolversForResolveType: 'ignore' } })
createServer(createYoga({ schema, logging: false, graphiql: false, landingPage: false })).listen(port, '127.0.0.1')
