// Apollo Client as a frontend has it: persisted queries, and a list that grows page after page.
//
//   node client.mjs URL PAGES    prints the ids of the list as its cache holds it, and what was sent for it
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { createHash } from 'node:crypto';

const [uri, pages] = process.argv.slice(2);
const sent = [];

const client = new ApolloClient({
  link: ApolloLink.from([
    new PersistedQueryLink({
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      useGETForHashedQueries: true,
    }),
    new HttpLink({
      uri,
      fetch: async (address, options) => {
        const response = await fetch(address, options);
        const withQuery = options.body ? 'query' in JSON.parse(options.body) : new URL(address).searchParams.has('query');
        sent.push({ method: options.method, withQuery, status: response.status });
        return response;
      },
    }),
  ]),
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { executionHistory: relayStylePagination(['input', 'orderBy']) } } },
  }),
});

const query = gql`
  query Runs($input: ExecutionHistoryInput, $after: String) {
    executionHistory(input: $input, first: 10, after: $after) {
      edges { cursor node { id status startedAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
const variables = { input: { status: ['SUCCEEDED', 'FAILED'] } };
const list = client.watchQuery({ query, variables });
let history = await new Promise((resolve, reject) => {
  list.subscribe(({ data, error, loading }) => {
    if (error) reject(error);
    else if (!loading) resolve(data.executionHistory);
  });
});
for (let page = 1; page < Number(pages); page += 1) {
  const more = await list.fetchMore({ variables: { after: history.pageInfo.endCursor } });
  history = more.data.executionHistory;
}
const { edges } = client.readQuery({ query, variables }).executionHistory;
console.log(JSON.stringify({ ids: edges.map(({ node }) => node.id), sent }));
client.stop();
