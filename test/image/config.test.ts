import { describe, expect, it } from 'vitest'
import { compose } from '../support/stack.js'

const NEEDED: Record<string, string> = { API_KEY: 'a', GLUETUN_API_KEY: 'b', VPN_SERVICE_PROVIDER: 'protonvpn', DOCKER_GID: '999' }

describe('docker compose config', () => {
  it('is clean with the four settings that have no default, the web UI included', async () => {
    expect(await compose(['--profile', '*', 'config', '--quiet'], NEEDED)).toEqual({ code: 0, output: '' })
  })

  it.each(Object.keys(NEEDED))('refuses to go on without %s, and says so', async (name) => {
    const { code, output } = await compose(['config', '--quiet'], { ...NEEDED, [name]: '' })
    expect(code).not.toBe(0)
    expect(output).toContain(`required variable ${name} is missing a value`)
  })

  it('tells worker, API and Gluetun the same window of ports, and the worker and Gluetun the same key', async () => {
    const { output } = await compose(['config', '--format', 'json'], {
      ...NEEDED,
      GLUETUN_PORT_RANGE_1: '20000-20001',
      GLUETUN_API_KEY: 'key-of-gluetun',
    })
    const { services, configs } = JSON.parse(output) as {
      services: Record<string, { environment: Record<string, string>; ports?: { published: string; target: number; host_ip: string }[] }>
      configs: Record<string, { content: string }>
    }
    for (const part of ['worker', 'api']) expect(services[part]?.environment.GLUETUN_PORT_RANGE_1).toBe('20000-20001')
    expect(services.gluetun?.ports?.map(({ host_ip, published, target }) => `${host_ip}:${published}:${target}`)).toEqual([
      '127.0.0.1:20000:20000',
      '127.0.0.1:20001:20001',
    ])
    expect(services.worker?.environment.GLUETUN_API_KEY).toBe('key-of-gluetun')
    expect(configs['gluetun-roles']?.content).toContain('apikey = "key-of-gluetun"')
    expect(services.api?.environment).not.toHaveProperty('GLUETUN_API_KEY')
    expect(services.worker?.environment).not.toHaveProperty('API_KEY')
  })
})
