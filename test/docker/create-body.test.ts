import { describe, expect, test } from 'vitest'
import { createBody } from '../../src/docker/create-body.js'
import type { EngineSpec } from '../../src/docker/runtime.js'

const OPTIONS = {
  managedLabel: { key: 'ondemand.app', value: 'myservice' },
  instance: 'home',
  limits: { memoryMb: 512, cpus: 1.5, pidsLimit: 256 },
}
const GLUETUN = 'a'.repeat(64)

const spec = (changes: Partial<EngineSpec> = {}): EngineSpec => ({
  name: 'acestream-1',
  image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
  variant: 'krinkuto11-amd64',
  engineId: 'engine-1',
  pool: 'default',
  httpPort: 19_000,
  httpsPort: 45_000,
  network: { kind: 'container', containerId: GLUETUN, containerName: 'gluetun' },
  forwarded: null,
  labels: {},
  environment: {},
  ...changes,
})
const forwarded = { index: 0, epoch: 12, p2pPort: 40_001 }

describe('the create body', () => {
  test('of an engine in the network of Gluetun is exactly this', () => {
    expect(createBody(spec(), OPTIONS)).toEqual({
      Image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
      Env: [
        'CONF=--http-port=19000\n--https-port=45000\n--bind-all',
        'HTTP_PORT=19000',
        'HTTPS_PORT=45000',
        'BIND_ALL=true',
        'INTERNAL_BUFFERING=60',
        'CACHE_LIMIT=1',
      ],
      Labels: {
        'ondemand.app': 'myservice',
        'acestream.engine.id': 'engine-1',
        'acestream.pool': 'default',
        'acestream.instance': 'home',
        'acestream.engine.variant': 'krinkuto11-amd64',
        'acestream.http_port': '19000',
        'acestream.https_port': '45000',
        'host.http_port': '19000',
        'acestream.vpn_container': 'gluetun',
        'com.centurylinklabs.watchtower.enable': 'false',
        'dev.dozzle.group': 'berth-default',
      },
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        NetworkMode: `container:${GLUETUN}`,
        RestartPolicy: { Name: 'no' },
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 536_870_912,
        NanoCpus: 1_500_000_000,
        PidsLimit: 256,
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        Init: true,
      },
    })
  })

  test('publishes the HTTP port, and nothing else, on the host address of a bridge', () => {
    const body = createBody(spec({ network: { kind: 'bridge', name: 'media', hostHttpPort: 19_500, hostAddress: '127.0.0.1' } }), OPTIONS)
    expect(body.ExposedPorts).toEqual({ '19000/tcp': {} })
    expect(body.HostConfig.PortBindings).toEqual({ '19000/tcp': [{ HostIp: '127.0.0.1', HostPort: '19500' }] })
    expect(body.HostConfig.NetworkMode).toBe('media')
    expect(body.Labels).toMatchObject({ 'host.http_port': '19500' })
    expect(body.Labels).not.toHaveProperty('acestream.vpn_container')
  })

  test('has the lease labels and the P2P port on a forwarded engine', () => {
    const body = createBody(spec({ forwarded }), OPTIONS)
    expect(body.Labels).toMatchObject({
      'acestream.forwarded': 'true',
      'acestream.lease.epoch': '12',
      'acestream.lease.index': '0',
      'acestream.p2p-port': '40001',
    })
    expect(body.Env).toContain('P2P_PORT=40001')
  })

  test('lets our labels win over those of the caller', () => {
    const labels = {
      'ondemand.app': 'other',
      'acestream.engine.id': 'x',
      'acestream.lease.epoch': '99',
      'acestream.instance': 'elsewhere',
      'com.centurylinklabs.watchtower.enable': 'true',
    }
    expect(createBody(spec({ forwarded, labels }), OPTIONS).Labels).toEqual(createBody(spec({ forwarded }), OPTIONS).Labels)
  })

  test('keeps what a caller may set', () => {
    const body = createBody(spec({ labels: { stream_id: 'ch-42' }, environment: { TZ: 'Europe/Madrid' } }), OPTIONS)
    expect(body.Labels).toMatchObject({ stream_id: 'ch-42' })
    expect(body.Env).toContain('TZ=Europe/Madrid')
  })

  test('never makes an engine forwarded because the caller says so', () => {
    const labels = {
      'acestream.forwarded': 'true',
      'acestream.lease.epoch': '99',
      'acestream.p2p-port': '40001',
      'Acestream.Forwarded': 'true',
    }
    const environment = {
      P2P_PORT: '40001',
      p2p_port: '40001',
      EXTRA_FLAGS: '--port 40001',
      ACESTREAM_ARGS: '--port 40001',
      CONF: '--port=40001',
    }
    expect(createBody(spec({ labels, environment }), OPTIONS)).toEqual(createBody(spec(), OPTIONS))
  })

  test('has no limits where none are wanted', () => {
    const { HostConfig } = createBody(spec(), { ...OPTIONS, limits: { memoryMb: 0, cpus: 0, pidsLimit: 0 } })
    expect(HostConfig).not.toHaveProperty('Memory')
    expect(HostConfig).not.toHaveProperty('NanoCpus')
    expect(HostConfig).not.toHaveProperty('PidsLimit')
  })

  test('gives a variant its command', () => {
    expect(createBody(spec({ variant: 'nano-ace' }), OPTIONS).Cmd?.[0]).toBe('/acestream/acestreamengine')
  })

  test.each([
    ['the host network', { network: { kind: 'bridge', name: 'host', hostHttpPort: 19_000, hostAddress: '127.0.0.1' } }],
    [
      'another container by name',
      { network: { kind: 'bridge', name: 'container:gluetun', hostHttpPort: 19_000, hostAddress: '127.0.0.1' } },
    ],
    ['a Gluetun named instead of its id', { network: { kind: 'container', containerId: 'gluetun', containerName: 'gluetun' } }],
    ['a host address that is none', { network: { kind: 'bridge', name: null, hostHttpPort: 19_000, hostAddress: 'example.org' } }],
    ['an image that is none', { image: '../x y' }],
    ['a variable with an equals sign or a line in its name', { environment: { 'A\nB': '1' } }],
    ['a variable with NUL', { environment: { A: '1\0B=2' } }],
    ['a variant that is unknown', { variant: 'constructor' }],
  ] satisfies [string, Partial<EngineSpec>][])('refuses %s', (_, changes) => {
    expect(() => createBody(spec(changes), OPTIONS)).toThrowError(expect.objectContaining({ code: 'refused' }))
  })
})
