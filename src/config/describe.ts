/**
 * @module
 * The effective configuration as text, for the log at start.
 */
import type { Config } from './config.js'

type Row = readonly [name: string, value: string]

const range = ({ from, to }: { from: number; to: number }): string => `${from}-${to}`
const limit = (amount: number, unit: string): string => (amount === 0 ? 'no limit' : `${amount}${unit}`)
const perMinute = (limit: number | null): string => (limit === null ? 'no limit' : String(limit))
const seconds = (ms: number): string => `${ms / 1000} s`
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const
/** In the largest unit that leaves no fraction. */
const span = (ms: number): string => {
  const [size, unit] = UNITS.find(([each]) => ms % each === 0) ?? [1000, 's']
  return `${ms / size} ${unit}`
}

/** An aligned tree of all values; secrets are shown as set or not, never themselves. */
export function describeConfig(config: Config): string {
  const { http, temporal, docker, engines, fleet, gluetun, health, streams } = config
  const groups: readonly (readonly [string, readonly Row[]])[] = [
    [
      'General',
      [
        ['Pool', config.pool],
        ['Instance', config.instance],
        ['Data folder', config.dataDir],
        ['Engines at a stop', config.onStop === 'keep' ? 'live on' : 'are removed'],
        ['Log level', config.logLevel],
      ],
    ],
    [
      'HTTP API',
      [
        ['Listens on', `${http.host}:${http.port}`],
        ['Keys', http.keys.map(({ role, name }) => `${role} ${name} ********`).join(', ') || 'none: open, loopback only'],
        ['Reads', http.readsNeedKey ? 'need a key' : 'are open'],
        ['Changes a minute', perMinute(http.rateLimits.mutations)],
        ['Wrong keys a minute', perMinute(http.rateLimits.authFailures)],
        ['Other host names', http.allowedHosts.join(', ') || 'none'],
        ['Trusted proxies', http.trustedProxies.join(', ') || 'none'],
        ['Shown in frames of', http.frameAncestors.join(' ').replaceAll("'", '')],
      ],
    ],
    [
      'Temporal',
      [
        [
          'Server',
          temporal.external ? "external, by Temporal's standard environment" : `own, port ${temporal.port}, web UI ${temporal.port + 1000}`,
        ],
        ['Namespace', temporal.namespace],
      ],
    ],
    [
      'Docker',
      [
        ['Host', docker.host ?? "Docker's default"],
        ['Managed label', `${docker.managedLabel.key}=${docker.managedLabel.value}`],
        ['Reconciler', docker.reconcileDryRun ? 'removes nothing, says what it would remove' : 'removes containers that nobody uses'],
        ['Network', gluetun.containerName === null ? (docker.network ?? "Docker's default bridge") : `that of ${gluetun.containerName}`],
      ],
    ],
    [
      'Engines',
      [
        ['Variant', engines.variant],
        ['Image', engines.image ?? "the variant's own"],
        ['Name prefix', engines.namePrefix],
        ['Host for clients', engines.host ?? gluetun.containerName ?? 'localhost'],
        ['HTTP ports', range(engines.httpPorts)],
        ['HTTPS ports', range(engines.httpsPorts)],
        ['Memory', limit(engines.memoryMb, ' MiB')],
        ['CPUs', limit(engines.cpus, '')],
        ['Processes', limit(engines.pidsLimit, '')],
      ],
    ],
    [
      'Fleet',
      [
        ['Engines at least', String(fleet.minReplicas)],
        ['Engines at most', String(fleet.maxReplicas)],
        ['Free ones at least', String(fleet.minFreeReplicas)],
        ['Empty ones', fleet.emptyForMs === null ? 'stay' : `go after ${seconds(fleet.emptyForMs)}, down to the wanted number`],
        ['Port rotates', fleet.rotateEveryMs === null ? 'never' : `each ${span(fleet.rotateEveryMs)}`],
        ['Rotation waits', fleet.drainMs === null ? 'for as long as streams play' : `for streams, ${span(fleet.drainMs)} at most`],
      ],
    ],
    [
      'Gluetun',
      gluetun.containerName === null
        ? [['Container', 'none: no VPN, no forwarded engine']]
        : [
            ['Container', gluetun.containerName],
            ['Control server', gluetun.url ?? `the container's address, port ${gluetun.apiPort}`],
            ['Authentication', describeAuth(config)],
            ['Port counts as lost after', seconds(gluetun.portLossGraceMs)],
          ],
    ],
    [
      'Health',
      [
        ['Check each', seconds(health.intervalMs)],
        ['Unhealthy after', `${health.failureThreshold} failed checks`],
        ['Time to start', seconds(health.startupTimeoutMs)],
      ],
    ],
    [
      'Streams',
      [
        ['Statistics each', seconds(streams.collectEveryMs)],
        ['Samples kept', `${streams.historyMax} of each stream`],
      ],
    ],
  ]
  const width = Math.max(...groups.flatMap(([, rows]) => rows.map(([name]) => name.length)))
  const lines = groups.flatMap(([group, rows], index) => {
    const last = index === groups.length - 1
    return [
      `${last ? '└──' : '├──'} ${group}`,
      ...rows.map(
        ([name, value], row) =>
          `${last ? '   ' : '│  '} ${row === rows.length - 1 ? '└──' : '├──'} ${name.padEnd(width)}  ${printable(value)}`,
      ),
    ]
  })
  return ['Configuration', ...lines].join('\n')
}

function describeAuth({ gluetun: { auth } }: Config): string {
  if (auth.kind === 'apikey') return 'API key ********'
  return auth.kind === 'basic' ? `user ${auth.username}, password ********` : 'none'
}

const printable = (value: string): string => value.replace(/\p{Cc}/gu, '?')
