import { beforeAll, describe, expect, test } from 'vitest'
import { withFixtureTree } from './fixture-tree.js'
import { runTool, type ToolResult } from './run-tool.js'

const later = 'async function later(): Promise<void> {\n  await Promise.resolve()\n}\n'

/** What is planted, where, and the rule that must name it. */
const violations: [sentence: string, file: string, source: string, rule: string][] = [
  ['a floating promise', 'activities/floating.ts', `${later}export function start(): void {\n  later()\n}\n`, 'no-floating-promises'],
  ['an explicit any', 'src/domain/any.ts', 'export const value: any = 1\n', 'no-explicit-any'],
  ['loose equality', 'src/domain/loose.ts', 'export const same = (a: number, b: number) => a == b\n', 'eqeqeq'],
  ['output past the logger', 'worker/output.ts', "console.log('here')\n", 'no-console'],
  [
    'a type imported as a value',
    'worker/type.ts',
    "import { Shape } from './shape.js'\nexport const shape: Shape = { sides: 3 }\n",
    'consistent-type-imports',
  ],
  [
    'a node module in a workflow',
    'workflows/files.ts',
    "export { readFileSync } from 'node:fs'\nimport 'node:path'\n",
    'no-nodejs-modules',
  ],
]

function lint(tree: string): Promise<ToolResult> {
  return runTool('node_modules/oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '--format=unix'], tree)
}

describe('lint', () => {
  let violated: ToolResult

  beforeAll(async () => {
    const planted = Object.fromEntries(violations.map(([, file, source]) => [file, source]))
    violated = await withFixtureTree({ 'worker/shape.ts': 'export interface Shape {\n  sides: number\n}\n', ...planted }, lint)
  })

  test('a tree with violations fails', () => {
    expect(violated.code).not.toBe(0)
  })

  test.for(violations)('refused: %s', ([, file, , rule]) => {
    const reported = violated.output.split('\n').filter((line) => line.includes(file))
    expect(reported.join('\n')).toContain(rule)
  })

  test('accepted: an awaited promise, and a command that prints', async () => {
    const sound = {
      'activities/awaited.ts': `${later}export async function start(): Promise<void> {\n  await later()\n}\n`,
      'src/cli/print.ts': "console.log('here')\n",
    }
    expect(await withFixtureTree(sound, lint)).toEqual({ code: 0, output: '' })
  })
})
