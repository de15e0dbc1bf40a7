import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/config/api-keys.js'
import { clientKey, ConfigError, describeConfig, type Environment, loadConfig, unknownVariables } from '../../src/config/environment.js'
import { instanceOf } from '../../src/config/instance.js'
import { VARIANTS } from '../../src/engines/index.js'

const KEY = '0123456789abcdef'

function issuesOf(env: Environment, readFile?: (path: string) => string) {
  try {
    loadConfig(env, readFile)
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

const variables = (env: Environment): string[] => issuesOf(env).map((issue) => issue.variable)

describe('without any variable', () => {
  test('everything has a value that is safe on one machine', () => {
    expect(loadConfig({})).toEqual({
      pool: 'default',
      instance: 'cfbe18b0c4e6',
      instanceIsNamed: false,
      dataDir: './data',
      onStop: 'keep',
      logLevel: 'info',
      http: {
        host: '127.0.0.1',
        port: 8000,
        keys: [],
        readsNeedKey: false,
        allowedHosts: [],
        rateLimits: { mutations: 600, authFailures: 20 },
        trustedProxies: [],
        frameAncestors: ["'none'"],
      },
      temporal: { port: 7233, external: false, namespace: 'berth' },
      docker: { host: null, managedLabel: { key: 'ondemand.app', value: 'myservice' }, network: null, reconcileDryRun: false },
      engines: {
        variant: 'krinkuto11-amd64',
        image: null,
        armVersions: { arm32: 'arm32-v3.2.13', arm64: 'arm64-v3.2.13' },
        namePrefix: 'berth',
        host: null,
        httpPorts: { from: 19_000, to: 19_999 },
        httpsPorts: { from: 45_000, to: 49_999 },
        memoryMb: 2048,
        cpus: 0,
        pidsLimit: 512,
      },
      fleet: { minReplicas: 1, maxReplicas: 20, rotateEveryMs: null, drainMs: null, minFreeReplicas: 1, emptyForMs: null },
      streams: { collectEveryMs: 5000, historyMax: 720 },
      gluetun: { containerName: null, apiPort: 8000, url: null, auth: { kind: 'none' }, portLossGraceMs: 10_000 },
      health: { intervalMs: 5000, failureThreshold: 3, startupTimeoutMs: 25_000, file: null },
      notes: [],
    })
  })

  test('an empty or blank variable counts as not set, as Compose files pass them on', () => {
    expect(loadConfig({ API_KEY: '', MIN_REPLICAS: ' ', GLUETUN_CONTAINER_NAME: '', DOCKER_NETWORK: undefined })).toEqual(loadConfig({}))
  })
})

describe('a variable that breaks its rule is refused', () => {
  test.each([
    ['MIN_REPLICAS', 'abc'],
    ['MIN_REPLICAS', '-1'],
    ['MIN_REPLICAS', '1.5'],
    ['MIN_REPLICAS', '1e1'],
    ['MIN_REPLICAS', '0x10'],
    ['MAX_REPLICAS', '1001'],
    ['MAX_ACTIVE_REPLICAS', '0'],
    ['APP_PORT', '0'],
    ['APP_PORT', '65536'],
    ['APP_PORT', '8000/tcp'],
    ['APP_HOST', 'http://127.0.0.1'],
    ['API_KEY', 'two words'],
    ['API_KEY', 'schlüssel'],
    ['READ_AUTH', 'yes'],
    ['RATE_LIMIT_MUTATIONS', '-1'],
    ['RATE_LIMIT_AUTH_FAILURES', 'many'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'fe80::1%eth0'],
    ['TRUSTED_PROXIES', '10.0.0.0/'],
    ['FRAME_ANCESTORS', '*'],
    ['FRAME_ANCESTORS', 'none, self'],
    ['FRAME_ANCESTORS', 'https://a.example; script-src *'],
    ['FRAME_ANCESTORS', 'home.example'],
    ['BERTH_POOL', 'Default'],
    ['BERTH_POOL', 'a'.repeat(33)],
    ['BERTH_POOL', 'a/b'],
    ['BERTH_INSTANCE', '-home'],
    ['BERTH_INSTANCE', 'living room'],
    ['BERTH_INSTANCE', 'a'.repeat(64)],
    ['BERTH_NAME_PREFIX', '-berth'],
    ['BERTH_NAME_PREFIX', 'a b'],
    ['BERTH_ALLOWED_HOSTS', 'berth.example:8000'],
    ['BERTH_PORT_LOSS_GRACE_S', '-5'],
    ['BERTH_ON_STOP', 'maybe'],
    ['LOG_LEVEL', 'verbose'],
    ['TEMPORAL_PORT', '64536'],
    ['TEMPORAL_NAMESPACE', 'a b'],
    ['DOCKER_HOST', '/var/run/docker.sock'],
    ['DOCKER_HOST', 'ssh://host'],
    ['DOCKER_NETWORK', 'a b'],
    ['CONTAINER_LABEL', 'nothing'],
    ['CONTAINER_LABEL', '=value'],
    ['CONTAINER_LABEL', 'key='],
    ['CONTAINER_LABEL', 'acestream.forwarded=true'],
    ['CONTAINER_LABEL', 'acestream.instance=home'],
    ['RECONCILE_DRY_RUN', 'maybe'],
    ['RECONCILE_DRY_RUN', 'on'],
    ['FORWARDED_ROTATE_EVERY', 'daily'],
    ['FORWARDED_ROTATE_EVERY', '6 h'],
    ['FORWARDED_ROTATE_EVERY', '1.5h'],
    ['FORWARDED_ROTATE_EVERY', '-1h'],
    ['FORWARDED_ROTATE_EVERY', '2w'],
    ['FORWARDED_ROTATE_EVERY', '29'],
    ['FORWARDED_ROTATE_EVERY', '29s'],
    ['FORWARDED_ROTATE_EVERY', '31d'],
    ['FORWARDED_DRAIN_S', '86401'],
    ['FORWARDED_DRAIN_S', '5m'],
    ['ENGINE_VARIANT', 'krinkuto11'],
    ['ENGINE_IMAGE', 'an image'],
    ['ENGINE_ARM64_VERSION', 'v1:2'],
    ['ENGINE_HOST', 'http://engine'],
    ['ENGINE_MEMORY_MB', '63'],
    ['ENGINE_CPUS', 'two'],
    ['ENGINE_PIDS_LIMIT', '-1'],
    ['PORT_RANGE_HOST', '19000'],
    ['PORT_RANGE_HOST', '19999-19000'],
    ['PORT_RANGE_HOST', '80-90'],
    ['ACE_HTTPS_RANGE', '45000-70000'],
    ['GLUETUN_CONTAINER_NAME', '/gluetun'],
    ['GLUETUN_API_PORT', 'abc'],
    ['GLUETUN_URL', 'gluetun:8000'],
    ['GLUETUN_URL', 'ftp://gluetun'],
    ['GLUETUN_URL', 'http://user:word@gluetun:8000'],
    ['GLUETUN_URL', 'http://gluetun:8000/?api_key=x'],
    ['GLUETUN_PORT_RANGE_1', 'a-b'],
    ['HEALTH_CHECK_INTERVAL_S', '0'],
    ['HEALTH_FAILURE_THRESHOLD', '0'],
    ['STARTUP_TIMEOUT_S', 'soon'],
  ])('%s=%s', (name, value) => {
    const [issue, ...others] = issuesOf({ [name]: value })
    expect(others).toEqual([])
    expect(issue?.variable).toBe(name)
    expect(issue?.rule).toMatch(/^must /)
    expect(issue?.fix).toContain(name)
  })

  test('all that is wrong is told at once, each with value, rule and fix, rules over several variables too', () => {
    const env = {
      MIN_REPLICAS: 'abc',
      MAX_REPLICAS: '-1',
      APP_HOST: '0.0.0.0',
      ENGINE_VARIANT: 'x',
      GLUETUN_API_USERNAME: 'me',
      GLUETUN_CONTAINER_NAME: 'gluetun',
    }
    expect(variables(env).toSorted()).toEqual(['APP_HOST', 'ENGINE_VARIANT', 'GLUETUN_API_USERNAME', 'MAX_REPLICAS', 'MIN_REPLICAS'])
    const message = String(new ConfigError(issuesOf(env)))
    expect(message).toContain('MIN_REPLICAS must be a whole number from 0 to 1000\n    is:  "abc"\n    fix: for example MIN_REPLICAS=3')
  })

  test('the value of a secret is never told', () => {
    const message = String(
      new ConfigError(issuesOf({ API_KEY: 'geheim und lang', GLUETUN_API_KEY: 'auch geheim', GLUETUN_CONTAINER_NAME: 'gluetun' })),
    )
    expect(message).toContain('API_KEY must be')
    expect(message).not.toMatch(/geheim/)
  })

  test('a long value, or one with control characters, is told short and printable', () => {
    const [issue] = issuesOf({ ENGINE_VARIANT: `\u001b[31m${'x'.repeat(500)}` })
    expect(issue?.value.length).toBeLessThan(100)
    expect(issue?.value).not.toContain('\u001b')
  })
})

describe('a mistake in one variable is reported once, not again by rules that need it', () => {
  test('an unreadable MAX_REPLICAS does not also break MIN_REPLICAS', () => {
    expect(variables({ MIN_REPLICAS: '30', MAX_REPLICAS: 'many' })).toEqual(['MAX_REPLICAS'])
  })
  test('an unreadable API_KEY_FILE does not also break APP_HOST', () => {
    const issues = issuesOf({ APP_HOST: '0.0.0.0', API_KEY_FILE: '/nowhere' }, () => {
      throw new Error('ENOENT')
    })
    expect(issues.map((issue) => issue.variable)).toEqual(['API_KEY_FILE'])
  })
})

describe('listening', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost'])('on %s needs no key', (host) => {
    expect(loadConfig({ APP_HOST: host }).http.host).toBe(host)
  })
  test.each(['0.0.0.0', '::', '192.168.1.10', 'berth.local', '127.0.0.1.example', '128.0.0.1'])(
    'on %s without a key is refused with the fix',
    (host) => {
      const [issue] = issuesOf({ APP_HOST: host })
      expect(issue).toMatchObject({ variable: 'APP_HOST', value: JSON.stringify(host) })
      expect(issue?.fix).toMatch(/API_KEY.*APP_HOST=127\.0\.0\.1/)
    },
  )
  test('beyond loopback is fine with a key', () => {
    expect(loadConfig({ APP_HOST: '0.0.0.0', API_KEY: 'k' }).http).toMatchObject({ host: '0.0.0.0', keys: [{ role: 'admin' }] })
    expect(loadConfig({ APP_HOST: '0.0.0.0', API_KEYS: `viewer:${KEY}` }).http.host).toBe('0.0.0.0')
  })
  test('beyond loopback with keys that cannot be read is told once', () => {
    expect(variables({ APP_HOST: '0.0.0.0', API_KEYS: 'viewer:short' })).toEqual(['API_KEYS'])
  })
  test('names of a reverse proxy are read from a list', () => {
    expect(loadConfig({ BERTH_ALLOWED_HOSTS: 'Berth.Example, other.example,' }).http.allowedHosts).toEqual([
      'berth.example',
      'other.example',
    ])
  })
  test('on a port of the own Temporal server is refused, with an external server not', () => {
    expect(variables({ APP_PORT: '7233' })).toEqual(['APP_PORT'])
    expect(variables({ APP_PORT: '8233' })).toEqual(['APP_PORT'])
    expect(variables({ APP_PORT: '8233', TEMPORAL_ADDRESS: 'temporal:7233' })).toEqual([])
  })
  test('the published example key is noted', () => {
    expect(loadConfig({ API_KEY: 'defaultpassword' }).notes).toEqual([expect.stringContaining('API_KEY')])
  })
  test('a short API_KEY goes on working, with a note', () => {
    expect(loadConfig({ API_KEY: 'x'.repeat(15) }).notes).toEqual([expect.stringContaining('API_KEY has fewer than 16 characters')])
    expect(loadConfig({ API_KEY: 'x'.repeat(16) }).notes).toEqual([])
  })
})

describe('secrets from files', () => {
  test('are read without the newline at the end', () => {
    const readFile = (path: string) => (path === '/run/secrets/key' ? 'from-a-file\n' : '')
    const config = loadConfig({ API_KEY_FILE: '/run/secrets/key' }, readFile)
    expect(config.http.keys).toEqual([{ role: 'admin', name: 'API_KEY', digest: digestOf('from-a-file') }])
    expect(clientKey({ API_KEY_FILE: '/run/secrets/key' }, readFile)).toBe('from-a-file')
  })
  test('hold one key of API_KEYS a line as well', () => {
    const { keys } = loadConfig({ API_KEYS_FILE: '/keys' }, () => `viewer:one:${KEY}-1\nadmin:two:${KEY}-2\n`).http
    expect(keys.map(({ role, name }) => `${role} ${name}`)).toEqual(['viewer one', 'admin two'])
  })
  test('are refused beside the variable itself, when empty, and when unreadable', () => {
    const [twice] = issuesOf({ API_KEY: 'a', API_KEY_FILE: '/key' }, () => 'b')
    expect(twice?.rule).toBe('must not be set together with API_KEY')
    const [empty] = issuesOf({ API_KEY_FILE: '/key' }, () => '\n')
    expect(empty?.rule).toBe('names an empty file')
    const [missing] = issuesOf({ API_KEY_FILE: '/there/is/no/such/file' })
    expect(missing).toMatchObject({ variable: 'API_KEY_FILE', rule: expect.stringContaining('ENOENT') })
  })
})

describe('keys of the API', () => {
  const rules = (text: string, more: Environment = {}) => issuesOf({ API_KEYS: text, ...more }).map(({ rule }) => rule)

  test('are read with role and name, after that of API_KEY, and kept as digests only', () => {
    const env = { API_KEY: 'the-first', API_KEYS: `viewer:dash:${KEY}-1, operator:${KEY}-2\tadmin:sha256:${digestOf('x')}` }
    const { http } = loadConfig(env)
    expect(http.keys).toEqual([
      { role: 'admin', name: 'API_KEY', digest: digestOf('the-first') },
      { role: 'viewer', name: 'dash', digest: digestOf(`${KEY}-1`) },
      { role: 'operator', name: 'operator-2', digest: digestOf(`${KEY}-2`) },
      { role: 'admin', name: 'admin-3', digest: digestOf('x') },
    ])
    expect(JSON.stringify(loadConfig(env))).not.toMatch(/the-first|0123456789/)
  })
  test('may all be digests, in either letter case, with or without a name', () => {
    const digest = digestOf(KEY)
    expect(loadConfig({ API_KEYS: `viewer:tv:sha256:${digest.toUpperCase()}` }).http.keys).toEqual([{ role: 'viewer', name: 'tv', digest }])
  })
  test.each([
    [',', 'must hold at least one entry'],
    [KEY, 'must be entries role:name:key or role:key, a key without colons: entry 1 is neither'],
    [`viewer:${KEY},root:${KEY}-2`, 'must begin each entry with one of the roles viewer, operator, admin: entry 2 does not'],
    ['operator:proxy:fifteen-letters', 'must have keys of at least 16 characters: that of entry 1 is shorter'],
    ['operator:proxy:', 'must have keys of at least 16 characters: that of entry 1 is shorter'],
    [`viewer:a:b:${KEY}`, 'must be entries role:name:key or role:key, a key without colons: entry 1 is neither'],
    [
      `viewer:a/b:${KEY}`,
      'must have names of 1 to 32 letters, digits, dots, hyphens or underscores, a letter or digit first: entry 1 has another one',
    ],
    [`viewer:${'ü'.repeat(16)}`, 'must have keys of at most 512 printable ASCII characters: that of entry 1 is another one'],
    ['viewer:sha256:abc', 'must have 64 hexadecimal digits after "sha256:", and entry 1 has not'],
    [`viewer:${KEY},admin:sha256:${digestOf(KEY)}`, 'must not hold a key twice: that of entry 2 was there before'],
    [`viewer:a:${KEY}-1,admin:a:${KEY}-2`, 'must not use a name twice: that of entry 2 was there before'],
  ])('API_KEYS=%s is refused', (text, rule) => {
    expect(rules(text)).toEqual([rule])
  })
  test('all entries that are wrong are told at once, without a word of any', () => {
    const message = String(new ConfigError(issuesOf({ API_KEYS: 'geheim-und-lang-genug viewer:geheim geheim:geheim-und-lang-genug' })))
    expect(message.match(/entry \d/g)).toEqual(['entry 1', 'entry 2', 'entry 3'])
    expect(message).toContain('fix: API_KEYS=viewer:dashboard:<key>')
    expect(message).not.toMatch(/geheim/)
  })
  test('the key of API_KEY is not there again', () => {
    expect(rules(`viewer:${KEY}`, { API_KEY: KEY })).toEqual(['must not hold the key of API_KEY again'])
  })
  test('reads that need one are refused where there is none', () => {
    expect(issuesOf({ READ_AUTH: 'required' })).toMatchObject([{ variable: 'READ_AUTH', fix: expect.stringContaining('set API_KEY') }])
    expect(loadConfig({ READ_AUTH: 'required', API_KEYS: `viewer:${KEY}` }).http.readsNeedKey).toBe(true)
  })
})

describe('what surrounds the API', () => {
  test('limits are off at 0', () => {
    expect(loadConfig({ RATE_LIMIT_MUTATIONS: '0', RATE_LIMIT_AUTH_FAILURES: '0' }).http.rateLimits).toEqual({
      mutations: null,
      authFailures: null,
    })
  })
  test('proxies are addresses and networks', () => {
    expect(loadConfig({ TRUSTED_PROXIES: '127.0.0.1, 172.16.0.0/12 fd00::/8,::1' }).http.trustedProxies).toEqual([
      '127.0.0.1/32',
      '172.16.0.0/12',
      'fd00::/8',
      '::1/128',
    ])
  })
  test.each([
    ['none', ["'none'"]],
    ["'self'", ["'self'"]],
    ['self, https://home.example:8443 https://*.Home.example', ["'self'", 'https://home.example:8443', 'https://*.home.example']],
  ])('FRAME_ANCESTORS=%s is %j', (text, sources) => {
    expect(loadConfig({ FRAME_ANCESTORS: text }).http.frameAncestors).toEqual(sources)
  })
})

describe('how many engines', () => {
  test('MIN_REPLICAS above MAX_REPLICAS is refused with both ways out', () => {
    expect(issuesOf({ MIN_REPLICAS: '5', MAX_REPLICAS: '3' })).toMatchObject([
      { variable: 'MIN_REPLICAS', fix: 'set MAX_REPLICAS=5 or MIN_REPLICAS=3' },
    ])
  })
  test('none at all is a valid wish', () => {
    expect(loadConfig({ MIN_REPLICAS: '0', MAX_REPLICAS: '0' }).fleet).toMatchObject({ minReplicas: 0, maxReplicas: 0 })
  })
  test('MAX_REPLICAS above the number of ports is held at it, with a note', () => {
    const config = loadConfig({ GLUETUN_CONTAINER_NAME: 'gluetun', MAX_REPLICAS: '50' })
    expect(config.fleet.maxReplicas).toBe(20)
    expect(config.notes).toEqual([expect.stringMatching(/MAX_REPLICAS=50 is held at 20.*19000-19019/)])
  })
  test('MIN_FREE_REPLICAS above MAX_REPLICAS is refused with both ways out', () => {
    const [issue] = issuesOf({ MIN_FREE_REPLICAS: '5', MAX_REPLICAS: '3' })
    expect(issue).toMatchObject({
      variable: 'MIN_FREE_REPLICAS',
      rule: 'must not be above MAX_REPLICAS (3)',
      fix: 'set MAX_REPLICAS=5 or MIN_FREE_REPLICAS=3',
    })
    expect(loadConfig({ MIN_FREE_REPLICAS: '3', MAX_REPLICAS: '3' }).fleet.minFreeReplicas).toBe(3)
  })
  test('MIN_FREE_REPLICAS is one unless MIN_REPLICAS is none, and never more than there are ports', () => {
    const free = (env: Environment): number => loadConfig(env).fleet.minFreeReplicas
    expect(free({})).toBe(1)
    expect(free({ MIN_REPLICAS: '0' })).toBe(0)
    expect(free({ MIN_REPLICAS: '0', MAX_REPLICAS: '0' })).toBe(0)
    expect(free({ MIN_REPLICAS: '3' })).toBe(1)
    expect(free({ MIN_REPLICAS: '0', MIN_FREE_REPLICAS: '2' })).toBe(2)
    expect(free({ MIN_FREE_REPLICAS: '9', GLUETUN_CONTAINER_NAME: 'gluetun', MAX_ACTIVE_REPLICAS: '4' })).toBe(4)
  })
  test('ENGINE_GRACE_PERIOD_S has an effect with AUTO_DELETE only', () => {
    expect(loadConfig({ ENGINE_GRACE_PERIOD_S: '10' }).fleet.emptyForMs).toBeNull()
    expect(loadConfig({ AUTO_DELETE: 'true' }).fleet.emptyForMs).toBe(30_000)
    expect(loadConfig({ AUTO_DELETE: 'true', ENGINE_GRACE_PERIOD_S: '10' }).fleet.emptyForMs).toBe(10_000)
  })
  test('MIN_REPLICAS above the number of ports is refused, naming what to widen', () => {
    expect(issuesOf({ GLUETUN_CONTAINER_NAME: 'gluetun', MIN_REPLICAS: '11', MAX_ACTIVE_REPLICAS: '10' })).toMatchObject([
      { variable: 'MIN_REPLICAS', rule: 'needs 11 ports, and MAX_ACTIVE_REPLICAS gives 10' },
    ])
    expect(issuesOf({ MIN_REPLICAS: '11', ACE_HTTPS_RANGE: '45000-45009' })).toMatchObject([
      { rule: 'needs 11 ports, and ACE_HTTPS_RANGE gives 10' },
    ])
  })
})

describe('ports of engines', () => {
  test('without Gluetun are PORT_RANGE_HOST, whatever MAX_ACTIVE_REPLICAS says', () => {
    expect(loadConfig({ PORT_RANGE_HOST: '20000-20010', MAX_ACTIVE_REPLICAS: '3' }).engines.httpPorts).toEqual({ from: 20_000, to: 20_010 })
  })
  test('with Gluetun are as many as MAX_ACTIVE_REPLICAS from 19000 on', () => {
    expect(loadConfig({ GLUETUN_CONTAINER_NAME: 'g1', MAX_ACTIVE_REPLICAS: '30' }).engines.httpPorts).toEqual({ from: 19_000, to: 19_029 })
  })
  test('with Gluetun and GLUETUN_PORT_RANGE_1 are that range', () => {
    const config = loadConfig({ GLUETUN_CONTAINER_NAME: 'g1', GLUETUN_PORT_RANGE_1: '21000-21004' })
    expect(config.engines.httpPorts).toEqual({ from: 21_000, to: 21_004 })
    expect(config.fleet.maxReplicas).toBe(5)
  })
  test('HTTP and HTTPS must not overlap', () => {
    expect(issuesOf({ ACE_HTTPS_RANGE: '19500-20500' })).toMatchObject([
      { variable: 'ACE_HTTPS_RANGE', rule: expect.stringContaining('19000-19999 (PORT_RANGE_HOST)') },
    ])
    expect(variables({ ACE_HTTPS_RANGE: '19500-20500', GLUETUN_CONTAINER_NAME: 'g1' })).toEqual([])
  })
  test("must not hold Gluetun's control server", () => {
    expect(variables({ GLUETUN_CONTAINER_NAME: 'g1', GLUETUN_API_PORT: '19005' })).toEqual(['GLUETUN_API_PORT'])
    expect(variables({ GLUETUN_CONTAINER_NAME: 'g1', GLUETUN_API_PORT: '45005' })).toEqual(['GLUETUN_API_PORT'])
  })
})

describe('Gluetun', () => {
  const gluetun = { GLUETUN_CONTAINER_NAME: 'gluetun' }
  test('is asked without a key, with a key, or with user and password', () => {
    expect(loadConfig(gluetun).gluetun.auth).toEqual({ kind: 'none' })
    expect(loadConfig({ ...gluetun, GLUETUN_API_KEY: 'k' }).gluetun.auth).toEqual({ kind: 'apikey', key: 'k' })
    expect(loadConfig({ ...gluetun, GLUETUN_API_USERNAME: 'u', GLUETUN_API_PASSWORD: 'p q' }).gluetun.auth).toEqual({
      kind: 'basic',
      username: 'u',
      password: 'p q',
    })
  })
  test('takes not both a key and a user', () => {
    expect(variables({ ...gluetun, GLUETUN_API_KEY: 'k', GLUETUN_API_USERNAME: 'u', GLUETUN_API_PASSWORD: 'p' })).toEqual([
      'GLUETUN_API_KEY',
    ])
  })
  test.each(['GLUETUN_API_USERNAME', 'GLUETUN_API_PASSWORD'])('%s needs the other one', (name) => {
    expect(variables({ ...gluetun, [name]: 'x' })).toEqual([name])
  })
  test.each([{ GLUETUN_URL: 'http://127.0.0.1:8001' }, { GLUETUN_API_KEY: 'k' }, { GLUETUN_API_USERNAME: 'u', GLUETUN_API_PASSWORD: 'p' }])(
    'settings without the container name are refused, as engines would run outside the VPN: %j',
    (env) => {
      expect(issuesOf(env)).toMatchObject([{ rule: expect.stringContaining('outside the VPN') }])
    },
  )
  test('its address loses a slash at the end', () => {
    expect(loadConfig({ ...gluetun, GLUETUN_URL: 'http://127.0.0.1:8001/' }).gluetun.url).toBe('http://127.0.0.1:8001')
  })
})

describe('the instance', () => {
  const instance = (env: Environment) => loadConfig(env).instance

  test('is BERTH_INSTANCE', () => {
    expect(instance({ BERTH_INSTANCE: 'living-room' })).toBe('living-room')
  })
  test('is of a form that BERTH_INSTANCE takes, so that another Berth can take over its containers', () => {
    expect(instance({ BERTH_INSTANCE: instance({}) })).toBe(instance({}))
  })
  test('is another one on another port, server, profile, namespace or pool', () => {
    const environments = [
      {},
      { TEMPORAL_PORT: '7234' },
      { TEMPORAL_ADDRESS: 'temporal:7233' },
      { TEMPORAL_PROFILE: 'cloud' },
      { TEMPORAL_CONFIG_FILE: '/etc/temporal.toml' },
      { TEMPORAL_PROFILE: 'cloud', TEMPORAL_CONFIG_FILE: '/etc/temporal.toml' },
      { TEMPORAL_NAMESPACE: 'berth-2' },
      { BERTH_POOL: 'second' },
    ]
    expect(new Set(environments.map(instance)).size).toBe(environments.length)
  })
  test('is the same whoever starts the Temporal server on this machine', () => {
    for (const address of ['127.0.0.1:7233', 'localhost:7233', 'LocalHost:7233']) {
      expect(instance({ TEMPORAL_ADDRESS: address }), address).toBe(instance({}))
    }
    expect(instance({ TEMPORAL_ADDRESS: 'localhost.example:7233' })).not.toBe(instance({}))
  })
  test('does not change with anything else', () => {
    expect(instance({ BERTH_DATA_DIR: '/elsewhere', MIN_REPLICAS: '3', APP_PORT: '9000', BERTH_NAME_PREFIX: 'x' })).toBe(instance({}))
    expect(instance({ TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_PORT: '9000', TEMPORAL_PROFILE: 'cloud' })).toBe(
      instance({ TEMPORAL_ADDRESS: 'temporal:7233' }),
    )
  })
  test('stays what containers of earlier versions carry', () => {
    expect(instanceOf({ address: '127.0.0.1:7233', namespace: 'berth', pool: 'default' })).toBe('cfbe18b0c4e6')
  })
  test('keeps texts apart that only look alike when put together', () => {
    const of = (namespace: string, pool: string) => instanceOf({ address: 'temporal:7233', namespace, pool })
    expect(of('a', 'b-c')).not.toBe(of('a-b', 'c'))
  })
})

describe('the rotation of the forwarded port', () => {
  test.each([
    ['30', 30_000],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['6h', 21_600_000],
    ['6H', 21_600_000],
    ['1d', 86_400_000],
    ['30d', 2_592_000_000],
    ['0', null],
    ['0s', null],
    ['off', null],
    ['OFF', null],
    ['', null],
  ])('FORWARDED_ROTATE_EVERY=%s is %j ms', (text, ms) => {
    expect(loadConfig({ FORWARDED_ROTATE_EVERY: text }).fleet.rotateEveryMs).toBe(ms)
  })
  test('refuses what is no time with its forms and its limits', () => {
    expect(issuesOf({ FORWARDED_ROTATE_EVERY: 'daily' })).toEqual([
      {
        variable: 'FORWARDED_ROTATE_EVERY',
        value: '"daily"',
        rule: 'must be off, or a whole number of seconds, or one with a unit as in 90s, 30m, 6h or 1d, from 30s to 30d',
        fix: 'for example FORWARDED_ROTATE_EVERY=6h',
      },
    ])
  })
  test('waits for streams for FORWARDED_DRAIN_S, without an end for 0', () => {
    expect(loadConfig({ FORWARDED_DRAIN_S: '600' }).fleet.drainMs).toBe(600_000)
    expect(loadConfig({ FORWARDED_DRAIN_S: '0' }).fleet.drainMs).toBeNull()
  })
})

test.each([
  ...['true', 'TRUE', 'yes', '1'].map((text) => [text, true] as const),
  ...['false', 'False', 'no', '0', ''].map((text) => [text, false] as const),
])('RECONCILE_DRY_RUN=%s is %j', (text, dryRun) => {
  expect(loadConfig({ RECONCILE_DRY_RUN: text }).docker.reconcileDryRun).toBe(dryRun)
})

test.each(VARIANTS)('the variant %s is known', (variant) => {
  expect(loadConfig({ ENGINE_VARIANT: variant }).engines.variant).toBe(variant)
})

test.each(['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'])('%s makes the Temporal server somebody else’s', (name) => {
  expect(loadConfig({ [name]: 'x' }).temporal.external).toBe(true)
})

test('seconds become milliseconds, fractions too', () => {
  expect(loadConfig({ HEALTH_CHECK_INTERVAL_S: '0.5', STARTUP_TIMEOUT_S: '2.25' }).health).toMatchObject({
    intervalMs: 500,
    startupTimeoutMs: 2250,
  })
})

describe('the effective configuration as text', () => {
  const env = {
    GLUETUN_CONTAINER_NAME: 'gluetun',
    GLUETUN_API_USERNAME: 'me',
    GLUETUN_API_PASSWORD: 'hush-1',
    API_KEY: 'hush-2',
    API_KEYS: 'viewer:dash:hush-and-long-enough',
    APP_HOST: '0.0.0.0',
  }
  test('names every part and no secret', () => {
    const text = describeConfig(loadConfig(env))
    expect(text).toContain('0.0.0.0:8000')
    expect(text).toContain('user me, password ********')
    expect(text).toContain('admin API_KEY ********, viewer dash ********')
    expect(text).not.toContain('hush')
    expect(text).not.toContain(digestOf('hush-2'))
    expect(describeConfig(loadConfig({ GLUETUN_CONTAINER_NAME: 'g1', GLUETUN_API_KEY: 'hush-3' }))).not.toContain('hush')
  })
  test('shows whose containers are ours, and what becomes of the others', () => {
    const lines = (more: Environment) => describeConfig(loadConfig({ ...env, ...more })).split('\n')
    expect(lines({ BERTH_INSTANCE: 'living-room' })).toContainEqual(expect.stringMatching(/ Instance +living-room$/))
    expect(lines({ RECONCILE_DRY_RUN: 'true' })).toContainEqual(expect.stringMatching(/ Reconciler +removes nothing, says what/))
    expect(lines({})).toContainEqual(expect.stringMatching(/ Reconciler +removes containers that nobody uses$/))
  })
  test('shows who may read, how much is allowed, and whom Berth believes and is shown by', () => {
    const text = (more: Environment) => describeConfig(loadConfig({ ...env, ...more })).replaceAll(/ +/g, ' ')
    for (const row of [
      'Reads are open',
      'Changes a minute 600',
      'Wrong keys a minute 20',
      'Trusted proxies none',
      'Shown in frames of none',
    ]) {
      expect(text({})).toContain(row)
    }
    expect(text({ READ_AUTH: 'required' })).toContain('Reads need a key')
    expect(text({ RATE_LIMIT_MUTATIONS: '0' })).toContain('Changes a minute no limit')
  })
  test('shows when the port rotates and what happens to streams', () => {
    const text = (more: Environment) => describeConfig(loadConfig({ ...env, ...more })).replaceAll(/ +/g, ' ')
    expect(text({})).toContain('Port rotates never')
    const set = text({ FORWARDED_ROTATE_EVERY: '90m', FORWARDED_DRAIN_S: '45' })
    expect(set).toContain('Port rotates each 90 min')
    expect(set).toContain('Rotation waits for streams, 45 s at most')
    expect(text({ FORWARDED_ROTATE_EVERY: '48h' })).toContain('each 2 d')
  })
  test('has all values in one column', () => {
    const lines = describeConfig(loadConfig(env)).split('\n')
    const columns = ['0.0.0.0:8000', 'ondemand.app=myservice', 'no limit', '45000-49999', '10 s', '3 failed checks'].map((value) => {
      const line = lines.find((candidate) => candidate.endsWith(value))
      return line === undefined ? value : line.length - value.length
    })
    expect(new Set(columns).size).toBe(1)
  })
})

describe('variables without effect', () => {
  test('a misspelt one is reported with the nearest name', () => {
    expect(unknownVariables({ MIN_REPLCAS: '1' })).toMatchObject([{ variable: 'MIN_REPLCAS', kind: 'unknown', suggestion: 'MIN_REPLICAS' }])
    expect(unknownVariables({ GLUETUN_CONTAINERNAME: 'g' })).toMatchObject([{ suggestion: 'GLUETUN_CONTAINER_NAME' }])
    expect(unknownVariables({ TEMPORAL_ADRESS: 'g' })).toMatchObject([{ suggestion: 'TEMPORAL_ADDRESS' }])
    expect(unknownVariables({ RECONCILE_DRYRUN: '1', FORWARDED_ROTATE_HOURS: '6' })).toMatchObject([
      { variable: 'FORWARDED_ROTATE_HOURS', kind: 'unknown' },
      { variable: 'RECONCILE_DRYRUN', suggestion: 'RECONCILE_DRY_RUN' },
    ])
  })
  test('one with our prefix and no near name is reported without a guess', () => {
    expect(unknownVariables({ BERTH_COLOUR_OF_SHIP: 'red' })).toMatchObject([{ kind: 'unknown', suggestion: null }])
  })
  test('those of older orchestrators are reported with the reason', () => {
    const reports = unknownVariables({
      IDLE_TTL_S: '1',
      DB_URL: 'x',
      MAX_CONCURRENT_PROVISIONS: '5',
      ACE_MAP_HTTPS: 'true',
    })
    expect(reports.map(({ variable, kind }) => `${variable} ${kind}`)).toEqual([
      'ACE_MAP_HTTPS not-used',
      'DB_URL not-used',
      'IDLE_TTL_S not-used',
      'MAX_CONCURRENT_PROVISIONS not-used',
    ])
    expect(reports.find(({ variable }) => variable === 'ACE_MAP_HTTPS')?.detail).toContain('not yet')
  })
  test('what is known, what is empty and what is not ours is not reported', () => {
    expect(
      unknownVariables({
        MIN_REPLICAS: '1',
        API_KEY_FILE: '/k',
        PATH: '/bin',
        HOME: '/root',
        VPN_SERVICE_PROVIDER: 'protonvpn',
        FORWARDED_ALLOW_IPS: '*',
        TEMPORAL_TLS_SERVER_NAME: 'x',
        DOCKER_CERT_PATH: 'x',
        ACE_MAP_HTTPS: '',
      }),
    ).toEqual([])
  })
  test('a value is never part of the report', () => {
    expect(JSON.stringify(unknownVariables({ API_KEYZ: 'hush', DB_URL: 'hush' }))).not.toContain('hush')
  })
})
