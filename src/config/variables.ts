/**
 * @module
 * The environment as one schema: every variable that Berth reads, its rule and the reason why it exists.
 */
import { z } from 'zod'
import { LABEL } from '../domain/labels.js'
import { VARIANTS } from '../engines/index.js'
import { apiKeys } from './api-keys.js'
import {
  boolean,
  decimal,
  duration,
  frameAncestors,
  httpAddress,
  integer,
  matching,
  networks,
  oneOf,
  port,
  portRange,
  secret,
} from './values.js'

export const SECTIONS = ['General', 'HTTP API', 'Temporal', 'Docker', 'Engines', 'Fleet', 'Gluetun', 'Health', 'Streams'] as const

/** What a person needs to know of one variable. */
export interface VariableFacts {
  section: (typeof SECTIONS)[number]
  reason: string
  example: string
  /** Never printed; may also be given as a file by `<name>_FILE`. */
  secret?: true
  /** What holds when it is not set and has no fixed default. */
  unset?: string
}

export const facts = z.registry<VariableFacts>()

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const ours = new Set<string>(Object.values(LABEL))
const containerName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/
const hostName = /^[a-zA-Z0-9_.:[\]-]{1,253}$/
const imageTag = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/

const general = {
  BERTH_POOL: matching(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 lower-case letters, digits or hyphens')
    .default('default')
    .register(facts, {
      section: 'General',
      reason: 'One Docker daemon with one Gluetun is a pool; workers of several pools share one Temporal by different names.',
      example: 'default',
    }),
  BERTH_INSTANCE: matching(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/,
    'must be 1 to 63 letters, digits, dots, hyphens or underscores, a letter or digit first',
  )
    .optional()
    .register(facts, {
      section: 'General',
      reason:
        'Tells several Berths on one Docker daemon apart: each touches its own containers only. Set it where Berths of several machines share a daemon, or to take over the containers of one that is gone for good.',
      example: 'living-room',
      unset: "made from Temporal's address, the namespace and the pool",
    }),
  BERTH_DATA_DIR: z.string().default('./data').register(facts, {
    section: 'General',
    reason: 'Where the database of the Temporal server that Berth starts itself lives; losing it loses all history.',
    example: './data',
  }),
  BERTH_ON_STOP: oneOf(['keep', 'remove'] as const)
    .default('keep')
    .register(facts, {
      section: 'General',
      reason: 'Whether engines live on when Berth is stopped: kept ones cut no stream and are found again at the next start.',
      example: 'keep',
    }),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info').register(facts, {
    section: 'General',
    reason: 'How much is logged.',
    example: 'info',
  }),
}

const http = {
  APP_HOST: matching(hostName, 'must be an IP address or a host name').default('127.0.0.1').register(facts, {
    section: 'HTTP API',
    reason:
      'Address to listen on. Anything but loopback needs API_KEY or API_KEYS, as whoever reaches the API starts and removes containers.',
    example: '127.0.0.1',
  }),
  APP_PORT: port().default(8000).register(facts, {
    section: 'HTTP API',
    reason: 'Port of the API.',
    example: '8000',
  }),
  API_KEY: secret().optional().register(facts, {
    section: 'HTTP API',
    reason:
      'The key of the role admin, sent as "Authorization: Bearer <key>" or "X-API-Key: <key>". `openssl rand -hex 32` makes one. `berth lease` sends it too.',
    example: 'a-long-random-text',
    secret: true,
    unset: 'none: open on loopback, unless API_KEYS is set',
  }),
  API_KEYS: apiKeys().optional().register(facts, {
    section: 'HTTP API',
    reason:
      'More keys, by role: a viewer reads, an operator changes engines, streams and the lease too, an admin may do everything. Entries role:name:key or role:key, separated by commas or spaces; sha256:<digest> in place of a key keeps it out of the environment.',
    example: 'viewer:dashboard:a-long-random-text,operator:proxy:another-long-random-text',
    secret: true,
    unset: 'none',
  }),
  READ_AUTH: oneOf(['open', 'required'] as const)
    .default('open')
    .register(facts, {
      section: 'HTTP API',
      reason: 'Whether reads need a key as well, of any role. /healthz and the documentation stay open, /readyz without its details.',
      example: 'required',
    }),
  RATE_LIMIT_MUTATIONS: integer(0, 1_000_000).default(600).register(facts, {
    section: 'HTTP API',
    reason:
      'Changes per minute and key, or per address where there is no key; more are answered with 429. What players tell of streams does not count. 0 for no limit.',
    example: '600',
  }),
  RATE_LIMIT_AUTH_FAILURES: integer(0, 1_000_000).default(20).register(facts, {
    section: 'HTTP API',
    reason:
      'Wrong keys per minute and address, after which no key of that address is looked at for the rest of the minute. 0 for no limit.',
    example: '20',
  }),
  TRUSTED_PROXIES: networks().default([]).register(facts, {
    section: 'HTTP API',
    reason:
      'Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; without it everybody behind a proxy shares its limits.',
    example: '127.0.0.1,172.16.0.0/12',
    unset: 'none',
  }),
  FRAME_ANCESTORS: frameAncestors().default(["'none'"]).register(facts, {
    section: 'HTTP API',
    reason: 'Which pages may show Berth in a frame, such as a dashboard: none, or self and origins.',
    example: 'https://home.example',
    unset: 'none',
  }),
  BERTH_ALLOWED_HOSTS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter(Boolean),
    )
    .pipe(z.array(matching(/^[a-z0-9_.-]{1,253}$/, 'must be host names without ports, separated by commas')))
    .default([])
    .register(facts, {
      section: 'HTTP API',
      reason:
        'Names under which the API is served besides loopback ones, for example by a reverse proxy. On loopback, and wherever this is set, other names are refused against DNS rebinding.',
      example: 'berth.home.example',
      unset: 'on loopback loopback names only, else any',
    }),
}

const temporal = {
  TEMPORAL_PORT: port(64_535).default(7233).register(facts, {
    section: 'Temporal',
    reason: 'Port of the Temporal server that Berth starts; its web UI listens 1000 above.',
    example: '7233',
  }),
  TEMPORAL_ADDRESS: z.string().optional().register(facts, {
    section: 'Temporal',
    reason:
      "An existing Temporal server to use; Berth then starts none. The rest of Temporal's standard variables (TEMPORAL_API_KEY, TEMPORAL_TLS_…) apply too.",
    example: 'temporal.example:7233',
    unset: 'Berth starts its own server',
  }),
  TEMPORAL_PROFILE: z.string().optional().register(facts, {
    section: 'Temporal',
    reason: "A profile of Temporal's configuration file; it names an existing server, so Berth starts none.",
    example: 'cloud',
    unset: 'none',
  }),
  TEMPORAL_CONFIG_FILE: z.string().optional().register(facts, {
    section: 'Temporal',
    reason: "Temporal's configuration file, when it is not at its usual place; Berth then starts no server.",
    example: '/etc/temporal.toml',
    unset: 'none',
  }),
  TEMPORAL_NAMESPACE: matching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/, 'must be letters, digits, dots, hyphens or underscores')
    .default('berth')
    .register(facts, {
      section: 'Temporal',
      reason: 'Keeps the workflows of Berth apart from others on one server.',
      example: 'berth',
    }),
}

const docker = {
  DOCKER_HOST: matching(/^(unix:\/\/\/.+|(tcp|https?):\/\/[^/\s]+\/?)$/, 'must be unix:///path, tcp://host:port, http:// or https://')
    .optional()
    .register(facts, {
      section: 'Docker',
      reason: 'The Docker daemon of this pool, or a socket proxy before it.',
      example: 'unix:///var/run/docker.sock',
      unset: "Docker's own default socket",
    }),
  CONTAINER_LABEL: matching(/^[a-zA-Z0-9][a-zA-Z0-9_./-]{0,127}=[^\s=][^\s]{0,127}$/, 'must be key=value')
    .transform((text) => ({ key: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }))
    .refine((label) => !ours.has(label.key), 'must not use a label that Berth sets with another meaning')
    .default({ key: 'ondemand.app', value: 'myservice' })
    .register(facts, {
      section: 'Docker',
      reason: 'The label that marks containers as managed; Berth never touches a container without it.',
      example: 'ondemand.app=myservice',
      unset: 'ondemand.app=myservice',
    }),
  DOCKER_NETWORK: matching(containerName, 'must be the name of a Docker network').optional().register(facts, {
    section: 'Docker',
    reason: 'Network of the engines when there is no Gluetun.',
    example: 'media',
    unset: "Docker's default bridge",
  }),
  RECONCILE_DRY_RUN: boolean().default(false).register(facts, {
    section: 'Docker',
    reason:
      'Containers of ours that nobody uses stay, and the log says which ones would be removed: for a first look beside an older set-up.',
    example: 'true',
  }),
}

const engines = {
  ENGINE_VARIANT: oneOf(VARIANTS).default('krinkuto11-amd64').register(facts, {
    section: 'Engines',
    reason: 'Which image engines run and how it takes its ports.',
    example: 'krinkuto11-amd64',
  }),
  ENGINE_IMAGE: matching(/^[a-zA-Z0-9][a-zA-Z0-9_.:/@-]{0,254}$/, 'must be an image reference such as name:tag')
    .optional()
    .register(facts, {
      section: 'Engines',
      reason: 'Another image that takes its ports as the variant does: a mirror, a pinned digest or an own build.',
      example: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
      unset: "the variant's own",
    }),
  ENGINE_ARM32_VERSION: matching(imageTag, 'must be an image tag').default('arm32-v3.2.13').register(facts, {
    section: 'Engines',
    reason: 'Image tag of the variant jopsis-arm32.',
    example: 'arm32-v3.2.13',
  }),
  ENGINE_ARM64_VERSION: matching(imageTag, 'must be an image tag').default('arm64-v3.2.13').register(facts, {
    section: 'Engines',
    reason: 'Image tag of the variant jopsis-arm64.',
    example: 'arm64-v3.2.13',
  }),
  BERTH_NAME_PREFIX: matching(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,31}$/,
    'must be 1 to 32 letters, digits, dots, hyphens or underscores, a letter or digit first',
  )
    .default('berth')
    .register(facts, {
      section: 'Engines',
      reason:
        'First part of container names. Names are the lock that keeps the forwarded engine single, so one daemon needs one prefix per Berth.',
      example: 'berth',
    }),
  ENGINE_HOST: matching(hostName, 'must be an IP address or a host name').optional().register(facts, {
    section: 'Engines',
    reason: 'The host that clients are told to dial.',
    example: '192.168.1.10',
    unset: "Gluetun's container name, or localhost without Gluetun",
  }),
  PORT_RANGE_HOST: portRange().default({ from: 19_000, to: 19_999 }).register(facts, {
    section: 'Engines',
    reason: 'HTTP ports of engines, published on the host, when there is no Gluetun.',
    example: '19000-19999',
    unset: '19000-19999',
  }),
  ACE_HTTPS_RANGE: portRange().default({ from: 45_000, to: 49_999 }).register(facts, {
    section: 'Engines',
    reason: 'HTTPS ports of engines; never published, but engines behind one Gluetun share its ports.',
    example: '45000-49999',
    unset: '45000-49999',
  }),
  ENGINE_MEMORY_MB: integer(0, 1_048_576)
    .refine((mb) => mb === 0 || mb >= 64, 'must be 0 (no limit) or at least 64')
    .default(2048)
    .register(facts, {
      section: 'Engines',
      reason: 'Memory limit of each engine in MiB, so that one engine cannot take the host down; 0 for none.',
      example: '2048',
    }),
  ENGINE_CPUS: decimal(0, 1024).default(0).register(facts, {
    section: 'Engines',
    reason: 'CPU limit of each engine in cores; 0 for none.',
    example: '1.5',
  }),
  ENGINE_PIDS_LIMIT: integer(0, 1_000_000).default(512).register(facts, {
    section: 'Engines',
    reason: 'Limit of processes and threads of each engine; 0 for none.',
    example: '512',
  }),
}

const fleet = {
  MIN_REPLICAS: integer(0, 1000).default(1).register(facts, {
    section: 'Fleet',
    reason: 'Engines that are kept alive at all times.',
    example: '3',
  }),
  MAX_REPLICAS: integer(0, 1000).default(20).register(facts, {
    section: 'Fleet',
    reason: 'Engines at most, however many are asked for. Never more than there are ports.',
    example: '20',
  }),
  MIN_FREE_REPLICAS: integer(0, 1000).optional().register(facts, {
    section: 'Fleet',
    reason:
      'Engines that run and play nothing, so that the next player need not wait: while others play, more are started than MIN_REPLICAS, up to MAX_REPLICAS.',
    example: '1',
    unset: '1, or 0 where MIN_REPLICAS is 0',
  }),
  AUTO_DELETE: boolean().default(false).register(facts, {
    section: 'Fleet',
    reason:
      'Whether engines above the wanted number go once they have played and are empty for ENGINE_GRACE_PERIOD_S. MIN_FREE_REPLICAS are left; the forwarded one goes last.',
    example: 'true',
  }),
  ENGINE_GRACE_PERIOD_S: integer(0, 86_400).default(30).register(facts, {
    section: 'Fleet',
    reason: 'With AUTO_DELETE, how long an engine stays empty before it goes, so that a viewer who changes the channel finds it.',
    example: '30',
  }),
  MAX_ACTIVE_REPLICAS: integer(1, 1000).default(20).register(facts, {
    section: 'Fleet',
    reason: 'With Gluetun, how many HTTP ports from 19000 on are kept for engines.',
    example: '20',
  }),
  FORWARDED_ROTATE_EVERY: duration('30s', '30d').default(null).register(facts, {
    section: 'Fleet',
    reason: 'Hands the forwarded port on to another engine this often, once its holder plays nothing: see FORWARDED_DRAIN_S.',
    example: '6h',
    unset: 'off',
  }),
  FORWARDED_DRAIN_S: integer(0, 86_400).default(0).register(facts, {
    section: 'Fleet',
    reason: "How long a due rotation waits for the holder's streams before it cuts them; 0 waits for as long as they play.",
    example: '600',
  }),
}

const gluetun = {
  GLUETUN_CONTAINER_NAME: matching(containerName, 'must be the name of a container').optional().register(facts, {
    section: 'Gluetun',
    reason: 'The Gluetun container whose network the engines share. Without it there is no VPN and no forwarded engine.',
    example: 'gluetun',
    unset: 'no VPN',
  }),
  GLUETUN_API_PORT: port().default(8000).register(facts, {
    section: 'Gluetun',
    reason: "Port of Gluetun's control server inside its container.",
    example: '8000',
  }),
  GLUETUN_URL: httpAddress().optional().register(facts, {
    section: 'Gluetun',
    reason: "Address of Gluetun's control server when it is not the container's own address with GLUETUN_API_PORT.",
    example: 'http://127.0.0.1:8001',
    unset: "the container's address, found by inspection",
  }),
  GLUETUN_API_KEY: secret().optional().register(facts, {
    section: 'Gluetun',
    reason: "The apikey of a role of Gluetun's control server; `docker run --rm qmcgaw/gluetun genkey` makes one.",
    example: 'a-long-random-text',
    secret: true,
    unset: 'none',
  }),
  GLUETUN_API_USERNAME: z.string().optional().register(facts, {
    section: 'Gluetun',
    reason: "User of a role with basic authentication in Gluetun's control server.",
    example: 'berth',
    unset: 'none',
  }),
  GLUETUN_API_PASSWORD: z.string().optional().register(facts, {
    section: 'Gluetun',
    reason: 'Its password.',
    example: 'correct-horse',
    secret: true,
    unset: 'none',
  }),
  GLUETUN_PORT_RANGE_1: portRange().optional().register(facts, {
    section: 'Gluetun',
    reason: 'HTTP ports of engines behind Gluetun; takes the place of MAX_ACTIVE_REPLICAS.',
    example: '19000-19019',
    unset: '19000 and as many as MAX_ACTIVE_REPLICAS says',
  }),
  BERTH_PORT_LOSS_GRACE_S: decimal(0, 3600).default(10).register(facts, {
    section: 'Gluetun',
    reason: 'How long Gluetun may report no port before it counts as lost; it does so for seconds at each reconnect.',
    example: '10',
  }),
}

const health = {
  HEALTH_CHECK_INTERVAL_S: decimal(0.2, 3600).default(5).register(facts, {
    section: 'Health',
    reason: 'How often each engine is asked whether it answers.',
    example: '5',
  }),
  HEALTH_FAILURE_THRESHOLD: integer(1, 100).default(3).register(facts, {
    section: 'Health',
    reason: 'Failed checks in a row after which an engine is unhealthy; one failure may be chance.',
    example: '3',
  }),
  STARTUP_TIMEOUT_S: decimal(1, 3600).default(25).register(facts, {
    section: 'Health',
    reason: 'How long a new engine may take until it answers before it is replaced.',
    example: '25',
  }),
  BERTH_HEALTH_FILE: z.string().optional().register(facts, {
    section: 'Health',
    reason: 'A file that a worker writes every few seconds while it takes tasks, for `berth healthcheck`. The image sets it.',
    example: '/tmp/berth-health',
    unset: 'none is written',
  }),
}

const streams = {
  COLLECT_INTERVAL_S: decimal(0.5, 3600).default(5).register(facts, {
    section: 'Streams',
    reason: 'How often engines are asked for the statistics of the streams that they play.',
    example: '5',
  }),
  STATS_HISTORY_MAX: integer(1, 100_000).default(720).register(facts, {
    section: 'Streams',
    reason: 'Samples of each stream that the API keeps in memory; the oldest are dropped first.',
    example: '720',
  }),
}

const shape = { ...general, ...http, ...temporal, ...docker, ...engines, ...fleet, ...gluetun, ...health, ...streams }

/** Name of a variable that Berth reads. */
export type VariableName = keyof typeof shape

/** Every variable by itself; `rules.ts` adds those over several. */
export const fields = z.object(shape)
export type Values = z.output<typeof fields>

/** Each variable's facts, in the order of the schema. */
export const VARIABLES: readonly (VariableFacts & { name: VariableName; fallback: string })[] = Object.entries(fields.shape).map(
  ([name, schema]) => {
    const found = facts.get(schema)
    if (found === undefined) throw new Error(`the variable ${name} has no facts beside it`)
    const fixed: unknown = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined
    return { ...found, name: name as VariableName, fallback: found.unset ?? String(fixed) }
  },
)

/** Secrets may be given as a file by `<name>_FILE`. */
export const SECRETS: readonly VariableName[] = VARIABLES.filter((variable) => variable.secret).map((variable) => variable.name)
