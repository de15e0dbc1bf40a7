import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { repository, withFixtureTree } from './fixture-tree.js'
import { runTool, type ToolResult } from './run-tool.js'

const cruiser = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'
const roots = ['src', 'workflows', 'activities', 'worker', 'panel', 'test', 'bench', 'chaos']
const target = 'export const value = 1\n'

/** What the planted files point at. */
const targets = {
  'src/docker/dockerode-runtime.ts': target,
  'src/temporal/gateway.ts': target,
  'src/temporal/names.ts': target,
  'src/domain/lease.ts': target,
  'src/domain/left.ts': "import './right.js'\n",
  'workflows/engine.ts': target,
  'activities/api.ts': 'export interface Api { run(): Promise<void> }\nexport const value = 1\n',
  'worker/main.ts': target,
  'test/support/helper.ts': target,
  'src/contracts/engines.ts': 'export interface Engine { id: string }\nexport const value = 1\n',
  'src/http/client.ts': target,
  'panel/src/part.ts': target,
}

/** What is planted, where, what it imports, and the rule that must name it. */
const violations: [sentence: string, file: string, specifier: string, rule: string][] = [
  ['HTTP code imports the Docker adapter', 'src/http/adapter.ts', '../docker/dockerode-runtime.js', 'http-imports'],
  ['HTTP code imports a workflow', 'src/http/workflow.ts', '../../workflows/engine.js', 'http-imports'],
  ['HTTP code imports dockerode', 'src/http/dockerode.ts', 'dockerode', 'one-file-knows-dockerode'],
  ['a command imports the worker', 'src/cli/worker.ts', '../../worker/main.js', 'cli-imports'],
  ['a workflow imports a node module', 'workflows/node-module.ts', 'node:fs', 'workflows-imports'],
  ['a workflow imports more than types of the activities', 'workflows/activity.ts', '../activities/api.js', 'workflows-imports-types-only'],
  ['a workflow imports the gateway', 'workflows/gateway.ts', '../src/temporal/gateway.js', 'workflows-imports'],
  ['the domain imports a package', 'src/domain/package.ts', 'zod', 'domain-imports'],
  ['the domain imports a node module', 'src/domain/node-module.ts', 'node:crypto', 'domain-imports'],
  ['an activity imports an adapter', 'activities/adapter.ts', '../src/docker/dockerode-runtime.js', 'activities-imports'],
  ['the simulator imports the Docker adapter', 'src/simulator/adapter.ts', '../docker/dockerode-runtime.js', 'simulator-imports'],
  ['the program imports a test helper', 'worker/helper.ts', '../test/support/helper.js', 'nobody-imports-tests'],
  ['the program imports a development package', 'worker/development.ts', 'vitest', 'no-development-packages'],
  ['the panel imports code of the server', 'panel/src/server.ts', '../../src/domain/lease.js', 'panel-imports'],
  ['the panel imports a node module', 'panel/src/node-module.ts', 'node:fs', 'panel-imports'],
  ['the panel imports a package of the server', 'panel/src/package.ts', 'zod', 'panel-imports'],
  [
    'the panel imports more than types of the contracts',
    'panel/src/api/contracts.ts',
    '../../../src/contracts/engines.js',
    'panel-imports-types-only',
  ],
  [
    'a part of the panel reaches for the contracts itself',
    'panel/src/reach.ts',
    '../../src/contracts/engines.js',
    'one-file-knows-the-contracts',
  ],
  [
    "a part of the panel reaches for the API's client itself",
    'panel/src/reach-client.ts',
    '../../src/http/client.js',
    'one-file-knows-the-contracts',
  ],
  ['the program imports the panel', 'src/http/panel.ts', '../../panel/src/part.js', 'nobody-imports-the-panel'],
  ['an import leads nowhere', 'src/domain/nowhere.ts', './absent.js', 'no-unresolvable'],
  ['two files import each other', 'src/domain/right.ts', './left.js', 'no-cycle'],
  ['a folder has no rule', 'src/novelty/file.ts', '../domain/lease.js', 'every-folder-has-a-rule'],
]

function cruise(tree: string): Promise<ToolResult> {
  const folders = roots.filter((folder) => existsSync(join(tree, folder)))
  return runTool(cruiser, ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...folders], tree)
}

describe('import rules', () => {
  let violated: ToolResult

  beforeAll(async () => {
    const planted = Object.fromEntries(violations.map(([, file, specifier]) => [file, `import '${specifier}'\n`]))
    violated = await withFixtureTree({ ...targets, ...planted }, cruise)
  })

  test('the repository keeps them, and they look at its modules', { timeout: 60_000 }, async () => {
    const { code, output } = await cruise(repository)
    expect(output).toContain('no dependency violations found')
    expect(Number(/\((\d+) modules/.exec(output)?.[1])).toBeGreaterThan(50)
    expect(code).toBe(0)
  })

  test('a tree with violations fails', () => {
    expect(violated.code).not.toBe(0)
  })

  test.for(violations)('refused: %s', ([, file, , rule]) => {
    const reported = violated.output.split(/^ {2}error /m).filter((report) => report.startsWith(`${rule}: `))
    expect(reported.join('\n')).toContain(file)
  })

  test('a workflow may import the domain, the names, and the types of the activities', { timeout: 60_000 }, async () => {
    const workflow = [
      "import type { Api } from '../activities/api.js'",
      "import { value } from '../src/domain/lease.js'",
      "import { value as name } from '../src/temporal/names.js'",
      'export const all: [Api | null, number, number] = [null, value, name]',
    ]
    const { 'src/domain/left.ts': _, ...sound } = targets
    const result = await withFixtureTree({ ...sound, 'workflows/fleet.ts': workflow.join('\n') }, cruise)
    expect(result).toMatchObject({ code: 0 })
  })
})
