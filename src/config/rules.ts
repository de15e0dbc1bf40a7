/**
 * @module
 * Rules over several variables.
 */
import { z } from 'zod'
import { digestOf } from './api-keys.js'
import { isLoopback } from './loopback.js'
import { portCount } from './values.js'
import { fields, type Values, type VariableName } from './variables.js'

/** HTTP ports that engines may take: those published on the host, or those in Gluetun's network. */
export function httpPorts(
  values: Pick<Values, 'GLUETUN_CONTAINER_NAME' | 'GLUETUN_PORT_RANGE_1' | 'MAX_ACTIVE_REPLICAS' | 'PORT_RANGE_HOST'>,
) {
  if (values.GLUETUN_CONTAINER_NAME === undefined) return values.PORT_RANGE_HOST
  return values.GLUETUN_PORT_RANGE_1 ?? { from: 19_000, to: 19_000 + values.MAX_ACTIVE_REPLICAS - 1 }
}

/** Why a rule over several variables is broken. */
interface Broken {
  path: VariableName
  rule: string
  fix: string
}

/** A rule is asked only when all that it needs was readable, so one mistake is reported once. */
interface CrossRule {
  needs: readonly VariableName[]
  check(values: Values): Broken | undefined
}

const windowNeeds = ['GLUETUN_CONTAINER_NAME', 'GLUETUN_PORT_RANGE_1', 'MAX_ACTIVE_REPLICAS', 'PORT_RANGE_HOST'] as const
const windowVariable = (values: Values): VariableName => {
  if (values.GLUETUN_CONTAINER_NAME === undefined) return 'PORT_RANGE_HOST'
  return values.GLUETUN_PORT_RANGE_1 === undefined ? 'MAX_ACTIVE_REPLICAS' : 'GLUETUN_PORT_RANGE_1'
}
const inside = (number: number, range: { from: number; to: number }) => number >= range.from && number <= range.to
const text = (range: { from: number; to: number }) => `${range.from}-${range.to}`

const CROSS_RULES: readonly CrossRule[] = [
  {
    needs: ['APP_HOST', 'API_KEY', 'API_KEYS'],
    check: (v) =>
      isLoopback(v.APP_HOST) || v.API_KEY !== undefined || v.API_KEYS !== undefined
        ? undefined
        : {
            path: 'APP_HOST',
            rule: 'can be reached from other machines, and there is neither API_KEY nor API_KEYS: anyone there could start and remove containers',
            fix: 'set API_KEY (openssl rand -hex 32 makes one), or APP_HOST=127.0.0.1',
          },
  },
  {
    needs: ['READ_AUTH', 'API_KEY', 'API_KEYS'],
    check: (v) =>
      v.READ_AUTH === 'open' || v.API_KEY !== undefined || v.API_KEYS !== undefined
        ? undefined
        : {
            path: 'READ_AUTH',
            rule: 'asks for keys, and there is neither API_KEY nor API_KEYS',
            fix: 'set API_KEY (openssl rand -hex 32 makes one), or READ_AUTH=open',
          },
  },
  {
    needs: ['API_KEY', 'API_KEYS'],
    check: (v) => {
      const digest = v.API_KEY === undefined ? null : digestOf(v.API_KEY)
      if (!v.API_KEYS?.some((key) => key.digest === digest)) return undefined
      return { path: 'API_KEYS', rule: 'must not hold the key of API_KEY again', fix: 'remove it from one of the two' }
    },
  },
  {
    needs: ['MIN_REPLICAS', 'MAX_REPLICAS'],
    check: (v) =>
      v.MIN_REPLICAS <= v.MAX_REPLICAS
        ? undefined
        : {
            path: 'MIN_REPLICAS',
            rule: `must not be above MAX_REPLICAS (${v.MAX_REPLICAS})`,
            fix: `set MAX_REPLICAS=${v.MIN_REPLICAS} or MIN_REPLICAS=${v.MAX_REPLICAS}`,
          },
  },
  {
    needs: ['MIN_FREE_REPLICAS', 'MAX_REPLICAS'],
    check: (v) =>
      (v.MIN_FREE_REPLICAS ?? 0) <= v.MAX_REPLICAS
        ? undefined
        : {
            path: 'MIN_FREE_REPLICAS',
            rule: `must not be above MAX_REPLICAS (${v.MAX_REPLICAS})`,
            fix: `set MAX_REPLICAS=${v.MIN_FREE_REPLICAS} or MIN_FREE_REPLICAS=${v.MAX_REPLICAS}`,
          },
  },
  {
    needs: ['MIN_REPLICAS', 'ACE_HTTPS_RANGE', ...windowNeeds],
    check: (v) => {
      const http = portCount(httpPorts(v))
      const https = portCount(v.ACE_HTTPS_RANGE)
      if (v.MIN_REPLICAS <= Math.min(http, https)) return undefined
      const short: VariableName = https < http ? 'ACE_HTTPS_RANGE' : windowVariable(v)
      return {
        path: 'MIN_REPLICAS',
        rule: `needs ${v.MIN_REPLICAS} ports, and ${short} gives ${Math.min(http, https)}`,
        fix: `widen ${short}, or set MIN_REPLICAS=${Math.min(http, https)}`,
      }
    },
  },
  {
    needs: ['ACE_HTTPS_RANGE', ...windowNeeds],
    check: (v) => {
      const range = httpPorts(v)
      if (range.to < v.ACE_HTTPS_RANGE.from || v.ACE_HTTPS_RANGE.to < range.from) return undefined
      return {
        path: 'ACE_HTTPS_RANGE',
        rule: `must not overlap the HTTP ports ${text(range)} (${windowVariable(v)})`,
        fix: 'set ACE_HTTPS_RANGE=45000-49999',
      }
    },
  },
  {
    needs: [
      'MAX_ACTIVE_REPLICAS',
      'GLUETUN_CONTAINER_NAME',
      'GLUETUN_API_PORT',
      'GLUETUN_PORT_RANGE_1',
      'PORT_RANGE_HOST',
      'ACE_HTTPS_RANGE',
    ],
    check: (v) =>
      v.GLUETUN_CONTAINER_NAME === undefined || !(inside(v.GLUETUN_API_PORT, httpPorts(v)) || inside(v.GLUETUN_API_PORT, v.ACE_HTTPS_RANGE))
        ? undefined
        : {
            path: 'GLUETUN_API_PORT',
            rule: 'must not be one of the ports that engines take, as they share one network',
            fix: 'set GLUETUN_API_PORT=8000 as in Gluetun, or move the range of engine ports',
          },
  },
  {
    needs: ['APP_PORT', 'TEMPORAL_PORT', 'TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'],
    check: (v) =>
      isExternal(v) || (v.APP_PORT !== v.TEMPORAL_PORT && v.APP_PORT !== v.TEMPORAL_PORT + 1000)
        ? undefined
        : {
            path: 'APP_PORT',
            rule: `is taken by the Temporal server (TEMPORAL_PORT ${v.TEMPORAL_PORT}, web UI ${v.TEMPORAL_PORT + 1000})`,
            fix: 'set APP_PORT=8000 and TEMPORAL_PORT=7233',
          },
  },
  {
    needs: ['GLUETUN_API_KEY', 'GLUETUN_API_USERNAME', 'GLUETUN_API_PASSWORD'],
    check: (v) =>
      v.GLUETUN_API_KEY === undefined || (v.GLUETUN_API_USERNAME === undefined && v.GLUETUN_API_PASSWORD === undefined)
        ? undefined
        : {
            path: 'GLUETUN_API_KEY',
            rule: 'must not be set together with GLUETUN_API_USERNAME or GLUETUN_API_PASSWORD: a role of Gluetun takes one of the two',
            fix: 'keep GLUETUN_API_KEY for a role with auth = "apikey", the other two for auth = "basic"',
          },
  },
  {
    needs: ['GLUETUN_API_USERNAME', 'GLUETUN_API_PASSWORD'],
    check: (v) => {
      if ((v.GLUETUN_API_USERNAME === undefined) === (v.GLUETUN_API_PASSWORD === undefined)) return undefined
      const [path, other] =
        v.GLUETUN_API_USERNAME === undefined
          ? (['GLUETUN_API_PASSWORD', 'GLUETUN_API_USERNAME'] as const)
          : (['GLUETUN_API_USERNAME', 'GLUETUN_API_PASSWORD'] as const)
      return { path, rule: `needs ${other}`, fix: `set ${other}, or use GLUETUN_API_KEY instead of both` }
    },
  },
  {
    needs: ['GLUETUN_CONTAINER_NAME', 'GLUETUN_URL', 'GLUETUN_API_KEY', 'GLUETUN_API_USERNAME'],
    check: (v) => {
      const path = (['GLUETUN_URL', 'GLUETUN_API_KEY', 'GLUETUN_API_USERNAME'] as const).find((name) => v[name] !== undefined)
      if (v.GLUETUN_CONTAINER_NAME !== undefined || path === undefined) return undefined
      return {
        path,
        rule: 'is set, and GLUETUN_CONTAINER_NAME is not: engines would run outside the VPN',
        fix: `set GLUETUN_CONTAINER_NAME=gluetun, or remove ${path}`,
      }
    },
  },
]

/** Somebody else runs the Temporal server. */
export function isExternal(values: Pick<Values, 'TEMPORAL_ADDRESS' | 'TEMPORAL_PROFILE' | 'TEMPORAL_CONFIG_FILE'>): boolean {
  return [values.TEMPORAL_ADDRESS, values.TEMPORAL_PROFILE, values.TEMPORAL_CONFIG_FILE].some((value) => value !== undefined)
}

const pathOf = (issue: { path?: PropertyKey[] | undefined }) => String(issue.path?.[0])

/** The whole environment. Rules over several variables are asked for those that could be read, even when others could not. */
export const environment = fields.check(
  z.superRefine(
    (values, context) => {
      const unreadable = new Set(context.issues.map(pathOf))
      for (const rule of CROSS_RULES) {
        if (rule.needs.some((name) => unreadable.has(name))) continue
        const broken = rule.check(values)
        if (broken === undefined) continue
        context.addIssue({
          code: 'custom',
          path: [broken.path],
          message: broken.rule,
          params: { fix: broken.fix, needs: rule.needs },
          input: values,
        })
      }
    },
    { when: () => true },
  ),
)
