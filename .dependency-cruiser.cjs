/**
 * The import rules of ARCHITECTURE.md. Each folder has a list of what it may import; a rule bears the folder's name. Everything
 * else is forbidden. Paths are regular expressions on files relative to the repository; node's own modules have bare names.
 */
const node = { dependencyTypes: ['core'] }

const domain = '^src/domain/'
const contracts = '^src/contracts/'
const config = '^src/config/'
const temporal = '^src/temporal/'
const process = '^src/(log|root|stop|version)\\.ts$'
const workflowNames = '^src/temporal/(names|search-attributes)\\.ts$'
const workflowMessages = '^workflows/messages\\.ts$'
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})/`

/** What each folder may import besides itself. `node` opens node's built-in modules. */
const folders = [
  { name: 'domain', path: domain, may: [] },
  { name: 'contracts', path: contracts, may: [domain, packages('zod')] },
  { name: 'config', path: config, may: [domain, contracts, '^src/engines/', packages('zod')], node },
  { name: 'process', path: process, may: [packages('pino')], node },
  { name: 'engines', path: '^src/engines/', may: [domain, contracts] },
  {
    name: 'docker',
    path: '^src/docker/',
    may: [domain, contracts, '^src/engines/', packages('zod', 'dockerode', '@types/dockerode')],
    node,
  },
  { name: 'gluetun', path: '^src/gluetun/', may: [domain, contracts, packages('zod')], node },
  {
    name: 'temporal',
    path: temporal,
    may: [domain, contracts, config, workflowMessages, packages('@temporalio/(client|common|envconfig)')],
    types: [packages('@temporalio/worker')],
    node,
  },
  {
    name: 'http',
    path: '^src/http/',
    may: [
      domain,
      contracts,
      config,
      temporal,
      process,
      '^src/engines/reserved\\.ts$',
      packages('hono', '@hono/[^/]+', 'rate-limiter-flexible', 'prom-client', 'marked', 'zod', 'pino', '@temporalio/client'),
    ],
    node,
  },
  {
    name: 'cli',
    path: '^src/cli/',
    may: [
      domain,
      contracts,
      config,
      temporal,
      process,
      '^src/engines/reserved\\.ts$',
      '^src/simulator/',
      '^src/http/main\\.ts$',
      packages('@clack/prompts', 'commander', 'zod', 'pino', '@temporalio/client'),
    ],
    node,
  },
  { name: 'simulator', path: '^src/simulator/', may: [packages('zod')], node },
  {
    name: 'workflows',
    path: '^workflows/',
    may: [domain, workflowNames, packages('@temporalio/(workflow|common)')],
    types: [contracts, '^activities/api\\.ts$'],
  },
  {
    name: 'activities',
    path: '^activities/',
    may: [
      domain,
      contracts,
      workflowNames,
      workflowMessages,
      process,
      '^src/docker/runtime\\.ts$',
      '^src/gluetun/client\\.ts$',
      '^src/engines/',
      packages('zod', 'pino', '@temporalio/(activity|client|common)'),
    ],
    node,
  },
  {
    name: 'worker',
    path: '^worker/',
    may: [
      '^activities/',
      '^src/(?!http/|cli/|simulator/)',
      workflowMessages,
      packages('zod', 'pino', '@temporalio/(worker|client|common|activity)'),
    ],
    node,
  },
]

/** Names of packages that bring a file with types alone count as well: `@types/react`. */
const panelPackages = packages('@mantine/[^/]+', '@tabler/icons-react', '@tanstack/[^/]+', '(@types/)?react(-dom)?', 'uplot', 'hono')

/** One rule for what a folder may import at run time, and one more where types may come from further away. */
function rulesOf({ name, path, may, types = [], node: builtins }) {
  const allowed = [path, ...may]
  const to = { pathNot: [...allowed, ...types], ...(builtins ? { dependencyTypesNot: builtins.dependencyTypes } : {}) }
  const rules = [
    { name: `${name}-imports`, comment: `${path} may import only: ${allowed.join('  ')}`, severity: 'error', from: { path }, to },
  ]
  if (types.length === 0) return rules
  return [
    ...rules,
    {
      name: `${name}-imports-types-only`,
      comment: `from ${types.join(' and ')} only types may come`,
      severity: 'error',
      from: { path },
      to: { path: types, dependencyTypesNot: ['type-only'] },
    },
  ]
}

const program = '^(src|workflows|activities|worker)/'
const panel = '^panel/'
/** What the panel knows of the server, as types. */
const apiTypes = [contracts, '^src/http/client\\.ts$']

module.exports = {
  forbidden: [
    ...folders.flatMap(rulesOf),
    {
      name: 'panel-imports',
      comment: 'the panel talks to the HTTP API only: of the rest it knows the types of the API, and the pages about problems',
      severity: 'error',
      from: { path: panel, pathNot: '^panel/vite\\.config\\.ts$' },
      to: { pathNot: [panel, ...apiTypes, '^docs/problems/', panelPackages] },
    },
    {
      name: 'panel-imports-types-only',
      comment: 'from the API only types may come, and through one file',
      severity: 'error',
      from: { path: panel },
      to: { path: apiTypes, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-file-knows-the-contracts',
      comment: 'the rest of the panel sees them through panel/src/api/contracts.ts',
      severity: 'error',
      from: { path: panel, pathNot: '^panel/src/api/contracts\\.ts$' },
      to: { path: apiTypes },
    },
    {
      name: 'nobody-imports-the-panel',
      severity: 'error',
      from: { pathNot: '^(panel|test/panel)/' },
      to: { path: panel },
    },
    {
      name: 'every-folder-has-a-rule',
      comment: 'a new folder needs a line in the table above',
      severity: 'error',
      from: { path: program, pathNot: folders.map(({ path }) => path) },
      to: {},
    },
    {
      name: 'one-file-knows-dockerode',
      comment: 'everything else sees Docker through src/docker/runtime.ts',
      severity: 'error',
      from: { path: program, pathNot: '^src/docker/dockerode-runtime\\.ts$' },
      to: { path: '(^|/)node_modules/(dockerode|@types/dockerode)/' },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: '^(test|bench|chaos)/' },
      to: { path: '^(test|bench|chaos)/' },
    },
    {
      name: 'tests-and-benchmarks-apart',
      comment: 'benchmarks may use test/support, tests use nothing of the benchmarks',
      severity: 'error',
      from: { path: '^(test|bench)/' },
      to: { path: '^(test|bench)/', pathNot: ['^$1/', '^test/support/'] },
    },
    {
      name: 'campaigns-apart',
      comment: 'campaigns may use bench and test/support, only their own tests use campaigns',
      severity: 'error',
      from: { path: '^(test|bench|chaos)/', pathNot: '^(chaos|test/chaos)/' },
      to: { path: '^chaos/' },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      comment: 'what runs in production is under "dependencies"',
      severity: 'error',
      from: { path: program },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      mainFields: ['main', 'types'],
    },
  },
}
