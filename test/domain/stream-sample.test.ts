import { describe, expect, it } from 'vitest'
import { packSamples, unpackSamples } from '../../src/domain/stream-sample.js'
import type { StreamSample } from '../../src/domain/views.js'

const sample = (ts: number): StreamSample => ({
  ts,
  peers: 4,
  speedDown: 257,
  speedUp: null,
  downloaded: 3_276_800,
  uploaded: 0,
  status: 'dl',
})

describe('samples in a heartbeat', () => {
  it('come out as they went in', () => {
    const samples = new Map([
      ['s', sample(1)],
      ['t', { ...sample(2), peers: null, status: null }],
    ])
    expect(unpackSamples(JSON.parse(JSON.stringify(packSamples(samples))))).toEqual(samples)
  })

  it('are never too long for it, however long the ids are', () => {
    const samples = new Map(Array.from({ length: 4_000 }, (_, n) => [`${n}`.padEnd(2_000, 'x'), sample(n)]))
    const packed = packSamples(samples)
    expect(packed.length).toBeGreaterThan(50)
    expect(JSON.stringify(packed).length).toBeLessThan(201_000)
  })

  it('that are something else are left out', () => {
    for (const junk of [undefined, null, 7, 'x', {}, [null], [[]], [['s']], [['s', 'soon']], [[1, 2]]])
      expect(unpackSamples(junk)).toEqual(new Map())
    expect(unpackSamples([['s', 1, 'many']]).get('s')).toMatchObject({ ts: 1, peers: null, status: null })
  })
})
