import { beforeAll, describe, expect, test } from 'vitest'
import { withFixtureTree } from './fixture-tree.js'
import { runTool, type ToolResult } from './run-tool.js'

/** What workflow code may not know of, and code that uses it. */
const violations: [name: string, source: string][] = [
  ['process', 'export const home = process.env.HOME\n'],
  ['fetch', "export const answer = fetch('http://localhost')\n"],
  ['setInterval', 'export const timer = setInterval(() => {}, 1)\n'],
  ['Buffer', "export const bytes = Buffer.from('')\n"],
  ['node:fs', "import { readFileSync } from 'node:fs'\nexport { readFileSync }\n"],
]

function compile(tree: string): Promise<ToolResult> {
  return runTool('node_modules/typescript-7/bin/tsc', ['-p', 'tsconfig.workflows.json'], tree)
}

describe('type check of workflow code', () => {
  let violated: ToolResult

  beforeAll(async () => {
    const planted = Object.fromEntries(violations.map(([, source], index) => [`workflows/planted-${index}.ts`, source]))
    violated = await withFixtureTree(planted, compile)
  })

  test('a tree with violations fails', () => {
    expect(violated.code).not.toBe(0)
  })

  test.for(violations)('%s does not exist there', ([name]) => {
    const index = violations.findIndex(([other]) => other === name)
    const reported = violated.output.split('\n').filter((line) => line.startsWith(`workflows/planted-${index}.ts`))
    expect(reported.join('\n')).toContain(`'${name}'`)
  })

  test('what workflows are made of compiles', async () => {
    const source = "import { condition } from '@temporalio/workflow'\nexport const planted = (): Promise<void> => condition(() => true)\n"
    expect(await withFixtureTree({ 'workflows/planted.ts': source }, compile)).toMatchObject({ code: 0, output: '' })
  })
})
