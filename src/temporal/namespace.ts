/**
 * @module
 * The namespace that Berth's workflows live in.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { SEARCH_ATTRIBUTES } from './search-attributes.js'

/** History of closed workflows is kept this long. */
export const RETENTION_DAYS = 30
const RETENTION_MS = RETENTION_DAYS * 24 * 60 * 60 * 1000

const APPEARS_WITHIN_MS = 30_000

/** gRPC status codes. */
const NOT_FOUND = 5
const ALREADY_EXISTS = 6
const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12

/** Temporal's `IndexedValueType` by search attribute type. */
const INDEXED_TYPE: Record<string, number> = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 }

/**
 * Makes sure of the namespace, its retention of at least 30 days and the search attributes, before any worker polls: an attribute that is not
 * registered would stop every workflow that sets it. A server that does not let us (Temporal Cloud) must have them already; `notes` says so.
 */
export async function ensureNamespace(connection: Connection, namespace: string): Promise<{ notes: string[] }> {
  const notes: string[] = []
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace })
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0)
    if (seconds * 1000 < RETENTION_MS) {
      const retention = { workflowExecutionRetentionTtl: msToTs(RETENTION_MS) }
      await allowed(
        () => connection.workflowService.updateNamespace({ namespace, config: retention }),
        notes,
        `the retention of namespace ${namespace}`,
      )
    }
  } catch (error) {
    if (codeOf(error) !== NOT_FOUND) throw error
    await registerNamespace(connection, namespace)
  }
  await allowed(() => registerSearchAttributes(connection, namespace), notes, 'the search attributes')
  return { notes }
}

async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION_MS) })
  } catch (error) {
    if (codeOf(error) !== ALREADY_EXISTS) throw error
  }
  await found(() => connection.workflowService.describeNamespace({ namespace }), namespace)
}

/** A namespace that was just registered appears a while later, in each service at its own time. */
async function found<T>(call: () => Promise<T>, namespace: string): Promise<T> {
  const deadline = Date.now() + APPEARS_WITHIN_MS
  while (true) {
    try {
      return await call()
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw error
      if (Date.now() > deadline) throw new Error(`namespace ${namespace} was registered and does not appear within 30 s`, { cause: error })
      await delay(200)
    }
  }
}

async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await found(() => connection.operatorService.listSearchAttributes({ namespace }), namespace)
  const missing = SEARCH_ATTRIBUTES.filter((key) => !(key.name in (customAttributes ?? {})))
  if (missing.length === 0) return
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((key) => [key.name, INDEXED_TYPE[key.type] ?? 2])),
    })
  } catch (error) {
    if (codeOf(error) !== ALREADY_EXISTS) throw error
  }
}

async function allowed(call: () => Promise<unknown>, notes: string[], what: string): Promise<void> {
  try {
    await call()
  } catch (error) {
    const code = codeOf(error)
    if (code !== PERMISSION_DENIED && code !== UNIMPLEMENTED) throw error
    notes.push(`the server does not let Berth set ${what}: see docs/how-to/temporal-cloud.md`)
  }
}

function codeOf(error: unknown): number | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : null
}
