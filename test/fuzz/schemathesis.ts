/**
 * @module
 * Runs schemathesis over the document of an API and reads what it found.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONFIG = fileURLToPath(new URL('schemathesis.toml', import.meta.url))
const HOOKS = fileURLToPath(new URL('hooks.py', import.meta.url))
/** A run that takes longer hangs. */
const DEADLINE_MS = 8 * 60_000

export interface Findings {
  /** Operations of the document, and those of them that were tried. */
  operations: number
  tested: number
  /** Requests that were made. */
  cases: number
  /** What failed, each with its answer and the request that repeats it. */
  failures: { operation: string; told: string }[]
  /** What schemathesis itself could not do. */
  errors: string[]
  /** Operations that never answered with success. */
  neverAccepted: string[]
}

interface Report {
  complete: boolean
  operations: { total: number; tested: number } | null
  test_cases: { generated: number }
  errors: { title: string }[]
  valid_rates: Record<string, Record<string, { accepted: number }>>
}

/** Tries every operation of `<url>/openapi.json` with `key`. Rejects when schemathesis did not come to its end. */
export async function fuzz(url: string, key: string): Promise<Findings> {
  const python = process.env.BERTH_SCHEMATHESIS
  if (!python) throw new Error('BERTH_SCHEMATHESIS names no Python with schemathesis: "npm test" fetches it and sets it')
  const folder = mkdtempSync(join(tmpdir(), 'berth-fuzz-'))
  const [report, cases] = [join(folder, 'report.json'), join(folder, 'junit.xml')]
  try {
    const reports = ['--report-json-path', report, '--report-junit-path', cases]
    const args = ['--config-file', CONFIG, 'run', `${url}/openapi.json`, '--header', `Authorization: Bearer ${key}`, ...reports]
    const { code, output } = await run(python, ['-m', 'schemathesis.cli', ...args], folder, { FUZZ_URL: url, FUZZ_KEY: key })
    if (code !== 0 && code !== 1) throw new Error(`schemathesis ended with ${code}:\n${output}`)
    return findings(JSON.parse(readFileSync(report, 'utf8')) as Report, readFileSync(cases, 'utf8'), output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function findings(report: Report, junit: string, output: string): Findings {
  if (!report.complete || report.operations === null) throw new Error(`schemathesis did not come to its end:\n${output}`)
  const rates = Object.entries(report.valid_rates)
  return {
    operations: report.operations.total,
    tested: report.operations.tested,
    cases: report.test_cases.generated,
    failures: failuresIn(junit),
    errors: report.errors.map(({ title }) => title),
    neverAccepted: rates.filter(([, phases]) => Object.values(phases).every(({ accepted }) => accepted === 0)).map(([name]) => name),
  }
}

function failuresIn(junit: string): Findings['failures'] {
  return [...junit.matchAll(/<testcase name="([^"]*)"[^>]*?(?<!\/)>(.*?)<\/testcase>/gs)].map(([, operation = '', inner = '']) => ({
    operation: unescaped(operation),
    told: unescaped(inner.replaceAll(/<[^>]+>/g, '')),
  }))
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function unescaped(xml: string): string {
  return xml
    .replaceAll(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
}

/** Runs it in `folder`, where it leaves what it remembers; ended when it overruns its time. */
async function run(
  program: string,
  args: string[],
  folder: string,
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const fixed = { SCHEMATHESIS_HOOKS: HOOKS, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0' }
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...fixed, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output }
}
