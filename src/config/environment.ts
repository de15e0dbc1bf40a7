/**
 * @module
 * The configuration, read from a given record of environment variables.
 */
import { readFileSync } from 'node:fs'
import { digestOf, SHORTEST_KEY } from './api-keys.js'
import type { Config, Environment, GluetunAuth } from './config.js'
import { instanceOf, temporalAddress } from './instance.js'
import { environment, httpPorts, isExternal } from './rules.js'
import { portCount } from './values.js'
import { SECRETS, VARIABLES, type Values } from './variables.js'

export type { Config, Environment } from './config.js'
export { describeConfig } from './describe.js'
export { unknownVariables } from './unknown.js'

/** One variable that broke a rule. `value` is masked if it is a secret. */
export interface ConfigIssue {
  variable: string
  value: string
  rule: string
  fix: string
}

/** All that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(readonly issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ variable, value, rule, fix }) => `  ${variable} ${rule}\n    is:  ${value}\n    fix: ${fix}`)
    super(`the configuration has ${issues.length === 1 ? 'an error' : `${issues.length} errors`}:\n${lines.join('\n')}`)
  }
}

/**
 * Reads the configuration.
 *
 * 1. Looks at `env` only, and at files that `<secret>_FILE` names there.
 * 2. An empty variable counts as not set, as in Compose files.
 * 3. Throws `ConfigError` with every broken rule at once.
 * 4. Keys of the API are digests in it.
 */
export function loadConfig(env: Environment, readFile: ReadFile = readText): Config {
  return toConfig(readValues(env, readFile))
}

/** The key that a client of this environment sends, `API_KEY` itself; `null` when it is not set. Else as `loadConfig`. */
export function clientKey(env: Environment, readFile: ReadFile = readText): string | null {
  return readValues(env, readFile).API_KEY ?? null
}

type ReadFile = (path: string) => string
const readText: ReadFile = (path) => readFileSync(path, 'utf8')

function readValues(env: Environment, readFile: ReadFile): Values {
  const given = Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])))
  const issues: ConfigIssue[] = []
  const unreadable = new Set<string>()
  for (const name of SECRETS) {
    const path = given[`${name}_FILE`]
    if (path === undefined) continue
    const read = readSecret(name, path, given[name], readFile)
    if (typeof read === 'string') given[name] = read
    else {
      issues.push(read)
      unreadable.add(name)
    }
  }
  const parsed = environment.safeParse(given)
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0])
    const params = issue.code === 'custom' ? issue.params : undefined
    const needs: unknown = params?.needs
    if (unreadable.has(variable) || (Array.isArray(needs) && needs.some((name) => unreadable.has(String(name))))) continue
    const facts = VARIABLES.find(({ name }) => name === variable)
    const value = facts?.secret ? mask(given[variable]) : quote(given[variable] ?? facts?.fallback)
    issues.push({
      variable,
      value,
      rule: issue.message,
      fix: typeof params?.fix === 'string' ? params.fix : `for example ${variable}=${facts?.example}`,
    })
  }
  if (issues.length > 0 || !parsed.success) throw new ConfigError(issues)
  return parsed.data
}

function readSecret(name: string, path: string, direct: string | undefined, readFile: ReadFile): string | ConfigIssue {
  const variable = `${name}_FILE`
  if (direct !== undefined) {
    return { variable, value: quote(path), rule: `must not be set together with ${name}`, fix: `remove ${name} or ${variable}` }
  }
  try {
    const secret = readFile(path).trim()
    if (secret !== '') return secret
    return { variable, value: quote(path), rule: 'names an empty file', fix: `write the secret into ${path}` }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { variable, value: quote(path), rule: `must name a readable file (${reason})`, fix: `create ${path} and let this user read it` }
  }
}

function toConfig(values: Values): Config {
  const http = httpPorts(values)
  const ports = Math.min(portCount(http), portCount(values.ACE_HTTPS_RANGE))
  const maxReplicas = Math.min(values.MAX_REPLICAS, ports)
  const notes: string[] = []
  if (maxReplicas < values.MAX_REPLICAS) {
    notes.push(
      `MAX_REPLICAS=${values.MAX_REPLICAS} is held at ${maxReplicas}: there are ${ports} ports for engines (HTTP ${http.from}-${http.to}, HTTPS ${values.ACE_HTTPS_RANGE.from}-${values.ACE_HTTPS_RANGE.to})`,
    )
  }
  if (values.API_KEY === 'defaultpassword') notes.push('API_KEY is the published example of older .env files: anyone can guess it')
  else if (values.API_KEY !== undefined && values.API_KEY.length < SHORTEST_KEY) {
    notes.push(`API_KEY has fewer than ${SHORTEST_KEY} characters and can be found by trying: \`openssl rand -hex 32\` makes a better one`)
  }
  return {
    pool: values.BERTH_POOL,
    instanceIsNamed: values.BERTH_INSTANCE !== undefined,
    instance:
      values.BERTH_INSTANCE ??
      instanceOf({ address: temporalAddress(values), namespace: values.TEMPORAL_NAMESPACE, pool: values.BERTH_POOL }),
    dataDir: values.BERTH_DATA_DIR,
    onStop: values.BERTH_ON_STOP,
    logLevel: values.LOG_LEVEL,
    http: {
      host: values.APP_HOST,
      port: values.APP_PORT,
      keys: [
        ...(values.API_KEY === undefined ? [] : [{ role: 'admin' as const, name: 'API_KEY', digest: digestOf(values.API_KEY) }]),
        ...(values.API_KEYS ?? []),
      ],
      readsNeedKey: values.READ_AUTH === 'required',
      allowedHosts: values.BERTH_ALLOWED_HOSTS,
      rateLimits: { mutations: values.RATE_LIMIT_MUTATIONS || null, authFailures: values.RATE_LIMIT_AUTH_FAILURES || null },
      trustedProxies: values.TRUSTED_PROXIES,
      frameAncestors: values.FRAME_ANCESTORS,
    },
    temporal: { port: values.TEMPORAL_PORT, external: isExternal(values), namespace: values.TEMPORAL_NAMESPACE },
    docker: {
      host: values.DOCKER_HOST ?? null,
      managedLabel: values.CONTAINER_LABEL,
      network: values.DOCKER_NETWORK ?? null,
      reconcileDryRun: values.RECONCILE_DRY_RUN,
    },
    engines: {
      variant: values.ENGINE_VARIANT,
      image: values.ENGINE_IMAGE ?? null,
      armVersions: { arm32: values.ENGINE_ARM32_VERSION, arm64: values.ENGINE_ARM64_VERSION },
      namePrefix: values.BERTH_NAME_PREFIX,
      host: values.ENGINE_HOST ?? null,
      httpPorts: http,
      httpsPorts: values.ACE_HTTPS_RANGE,
      memoryMb: values.ENGINE_MEMORY_MB,
      cpus: values.ENGINE_CPUS,
      pidsLimit: values.ENGINE_PIDS_LIMIT,
    },
    fleet: {
      minReplicas: values.MIN_REPLICAS,
      maxReplicas,
      rotateEveryMs: values.FORWARDED_ROTATE_EVERY,
      drainMs: values.FORWARDED_DRAIN_S === 0 ? null : values.FORWARDED_DRAIN_S * 1000,
      minFreeReplicas: Math.min(values.MIN_FREE_REPLICAS ?? Math.min(1, values.MIN_REPLICAS), maxReplicas),
      emptyForMs: values.AUTO_DELETE ? values.ENGINE_GRACE_PERIOD_S * 1000 : null,
    },
    streams: { collectEveryMs: values.COLLECT_INTERVAL_S * 1000, historyMax: values.STATS_HISTORY_MAX },
    gluetun: {
      containerName: values.GLUETUN_CONTAINER_NAME ?? null,
      apiPort: values.GLUETUN_API_PORT,
      url: values.GLUETUN_URL ?? null,
      auth: gluetunAuth(values),
      portLossGraceMs: values.BERTH_PORT_LOSS_GRACE_S * 1000,
    },
    health: {
      intervalMs: values.HEALTH_CHECK_INTERVAL_S * 1000,
      failureThreshold: values.HEALTH_FAILURE_THRESHOLD,
      startupTimeoutMs: values.STARTUP_TIMEOUT_S * 1000,
      file: values.BERTH_HEALTH_FILE ?? null,
    },
    notes,
  }
}

function gluetunAuth(values: Values): GluetunAuth {
  if (values.GLUETUN_API_KEY !== undefined) return { kind: 'apikey', key: values.GLUETUN_API_KEY }
  if (values.GLUETUN_API_USERNAME === undefined || values.GLUETUN_API_PASSWORD === undefined) return { kind: 'none' }
  return { kind: 'basic', username: values.GLUETUN_API_USERNAME, password: values.GLUETUN_API_PASSWORD }
}

/** Printable and short, whatever a variable holds. */
function quote(value: string | undefined): string {
  if (value === undefined) return '(not set)'
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}

function mask(value: string | undefined): string {
  return value === undefined ? '(not set)' : '********'
}
