// Apollo's own definitions of what Federation 2.9 has, as its composer adds them to a subgraph.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const internals = createRequire(require.resolve('@apollo/composition'))('@apollo/federation-internals');

const sdl = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") type Query { ready: Boolean }';
console.log(internals.printSchema(internals.buildSubgraph('one', 'http://localhost/one', sdl).schema));
