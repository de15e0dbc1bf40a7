import { describe, expect, it } from 'vitest'
import { findEngine, findPlayer } from '../../src/domain/find-engine.js'
import { anEngine } from './samples.js'

const ID = 'ab12'.repeat(16)
const OTHER = `ab12ab12ab12${'f'.repeat(52)}`

const ENGINES = [
  anEngine('a', { containerId: ID, containerName: 'berth-a', host: 'gluetun', hostHttpPort: 19_000 }),
  anEngine('b', { containerId: OTHER, containerName: 'berth-b', host: 'gluetun', hostHttpPort: 19_001 }),
  anEngine('c', { containerId: null, containerName: null, host: 'elsewhere', hostHttpPort: 19_001 }),
]
const named = (id: string) => findEngine(ENGINES, id)?.engineId

describe('an engine', () => {
  it('is found by container id, engine id and container name', () => {
    expect([named(ID), named('a'), named('berth-b'), named('c')]).toEqual(['a', 'a', 'b', 'c'])
  })

  it('is found by the beginning of its container id, of twelve digits at least, that fits no other', () => {
    expect([named(ID.slice(0, 13)), named(OTHER.slice(0, 20))]).toEqual(['a', 'b'])
    expect(named(ID.slice(0, 12))).toBeUndefined()
    expect(findEngine(ENGINES.slice(0, 1), ID.slice(0, 12))?.engineId).toBe('a')
    expect(findEngine(ENGINES.slice(0, 1), ID.slice(0, 11))).toBeUndefined()
  })

  it('is found by nothing else', () => {
    for (const id of ['', 'z', 'null', ID.toUpperCase(), `${ID}0`, ID.slice(4, 16)]) expect(named(id)).toBeUndefined()
  })
})

describe('the engine that a player means', () => {
  const player = (at: { containerId?: string | null; host?: string; port?: number }) =>
    findPlayer(ENGINES, { containerId: null, host: 'nowhere', port: 1, ...at })?.engineId

  it('is the one of the container that it names, whatever address it dials', () => {
    expect(player({ containerId: ID, host: 'gluetun', port: 19_001 })).toBe('a')
    expect(player({ containerId: 'berth-b', port: 19_000 })).toBe('b')
  })

  it('is the one at the address that it dials', () => {
    expect(player({ host: 'gluetun', port: 19_001 })).toBe('b')
    expect(player({ host: 'elsewhere', port: 19_001 })).toBe('c')
  })

  it('is the one at that address when the container that it names is not known', () => {
    expect(player({ containerId: 'unknown', host: 'gluetun', port: 19_001 })).toBe('b')
  })

  it('is the only one on that port when the player knows the host by another name', () => {
    expect(player({ host: '192.0.2.1', port: 19_000 })).toBe('a')
    expect(player({ host: '192.0.2.1', port: 19_001 })).toBeUndefined()
  })

  it('is none when nothing fits', () => {
    expect(player({ host: 'gluetun', port: 6878 })).toBeUndefined()
    expect(findPlayer([], { containerId: null, host: 'gluetun', port: 1 })).toBeUndefined()
  })
})
