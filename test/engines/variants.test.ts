import { describe, expect, test } from 'vitest'
import { defaultImage, isVariant, VARIANTS, variantOf } from '../../src/engines/index.js'
import { reservedEnvironment, reservedLabel, RESERVED_ENVIRONMENT } from '../../src/engines/reserved.js'

const PORTS = { httpPort: 19_000, httpsPort: 45_000, p2pPort: null }
const FORWARDED = { ...PORTS, p2pPort: 40_001 }

describe('each variant', () => {
  test('is known by its name, the default first', () => {
    expect(VARIANTS).toEqual([
      'krinkuto11-amd64',
      'jopsis-amd64',
      'jopsis-arm32',
      'jopsis-arm64',
      'martinbjeldbak',
      'wafy80',
      'nano-ace',
      'aceserve',
    ])
    expect(isVariant('wafy80')).toBe(true)
    expect(isVariant('toString')).toBe(false)
    expect(() => variantOf('wafy')).toThrowError(/"wafy".*ENGINE_VARIANT.*krinkuto11-amd64/)
  })

  test.each(VARIANTS)('%s is told the P2P port only when it is forwarded', (name) => {
    const text = (ports: typeof PORTS | typeof FORWARDED) => JSON.stringify(variantOf(name).containerConfig(ports))
    expect(text(PORTS)).toContain('19000')
    expect(text(FORWARDED)).toContain('40001')
    expect(text(PORTS)).not.toMatch(/--port\b|P2P_PORT/)
  })

  test.each(VARIANTS)('%s sets no variable that a caller could set as well, but for harmless ones', (name) => {
    const harmless = ['INTERNAL_BUFFERING', 'CACHE_LIMIT']
    const set = Object.keys(variantOf(name).containerConfig(FORWARDED).environment)
    expect(set.filter((variable) => !reservedEnvironment(variable) && !harmless.includes(variable))).toEqual([])
  })

  test.each([
    ['krinkuto11-amd64', 'ghcr.io/krinkuto11/acestream-http-proxy:latest'],
    ['jopsis-amd64', 'jopsis/acestream:x64'],
    ['jopsis-arm32', 'jopsis/acestream:arm32-v3.2.13'],
    ['jopsis-arm64', 'jopsis/acestream:arm64-v3.2.14'],
  ])('%s has the image %s', (name, image) => {
    expect(defaultImage(name, { arm64Version: 'arm64-v3.2.14' })).toBe(image)
  })
})

describe('ports are given', () => {
  test('to krinkuto11 by environment', () => {
    expect(variantOf('krinkuto11-amd64').containerConfig(FORWARDED)).toEqual({
      environment: {
        CONF: '--http-port=19000\n--https-port=45000\n--bind-all',
        HTTP_PORT: '19000',
        HTTPS_PORT: '45000',
        BIND_ALL: 'true',
        INTERNAL_BUFFERING: '60',
        CACHE_LIMIT: '1',
        P2P_PORT: '40001',
      },
      command: null,
    })
  })

  test('to jopsis on amd64 at the end of one variable', () => {
    const { environment, command } = variantOf('jopsis-amd64').containerConfig(FORWARDED)
    expect(environment['ACESTREAM_ARGS']).toMatch(/^--client-console --bind-all .* --http-port 19000 --https-port 45000 --port 40001$/)
    expect(command).toBeNull()
  })

  test('to jopsis on ARM by command', () => {
    expect(variantOf('jopsis-arm64').containerConfig(FORWARDED).command?.join(' ')).toBe(
      'python main.py --bind-all --client-console --live-cache-type memory --live-mem-cache-size 104857600 --disable-sentry --log-stdout ' +
        '--http-port 19000 --https-port 45000 --port 40001',
    )
  })

  test('to martinbjeldbak by extra flags', () => {
    expect(variantOf('martinbjeldbak').containerConfig(FORWARDED).environment).toEqual({
      ALLOW_REMOTE_ACCESS: 'yes',
      EXTRA_FLAGS: '--http-port 19000 --https-port 45000 --port 40001',
    })
  })

  test('to wafy80 behind the flags of its own command', () => {
    expect(variantOf('wafy80').containerConfig(PORTS).command).toEqual([
      ...['--client-console', '--bind-all'],
      ...['--http-port', '19000', '--https-port', '45000'],
    ])
  })

  test('to aceserve without an HTTPS port', () => {
    expect(variantOf('aceserve').containerConfig(FORWARDED).command?.join(' ')).not.toContain('https')
  })
})

describe('a caller may not set', () => {
  test.each([...RESERVED_ENVIRONMENT, 'p2p_port', 'Conf'])('the variable %s', (name) => expect(reservedEnvironment(name)).toBe(true))

  test.each([
    'acestream.forwarded',
    'acestream.instance',
    'Acestream.Instance',
    'acestream.anything',
    'ACESTREAM.forwarded',
    'host.http_port',
    'host.https_port',
    'ondemand.app',
    'com.docker.compose.project',
    'com.centurylinklabs.watchtower.enable',
  ])('the label %s', (name) => expect(reservedLabel(name, 'ondemand.app')).toBe(true))

  test('and may set others', () => {
    expect(reservedEnvironment('TZ')).toBe(false)
    expect(reservedLabel('stream_id', 'ondemand.app')).toBe(false)
    expect(reservedLabel('acestreamer', 'ondemand.app')).toBe(false)
  })
})
