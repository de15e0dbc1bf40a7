import { describe, expect, test } from 'vitest'
import { boundedLabels, isManaged, ownerOf, parseEngineLabels } from '../../src/docker/labels.js'

const NOTHING = {
  engineId: null,
  pool: null,
  instance: null,
  httpPort: null,
  httpsPort: null,
  hostHttpPort: null,
  variant: null,
  forwarded: false,
  epoch: null,
  index: 0,
  p2pPort: null,
}

test('a container without our labels says nothing', () => {
  expect(parseEngineLabels({})).toEqual(NOTHING)
})

test('reads the labels that an engine carries', () => {
  const labels = {
    'acestream.engine.id': 'engine-1',
    'acestream.pool': 'default',
    'acestream.instance': 'living-room',
    'acestream.http_port': '19000',
    'acestream.https_port': '45000',
    'host.http_port': '19000',
    'acestream.engine.variant': 'krinkuto11-amd64',
    'acestream.forwarded': 'true',
    'acestream.lease.epoch': '9007199254740991',
    'acestream.lease.index': '1',
    'acestream.p2p-port': '65535',
  }
  expect(parseEngineLabels(labels)).toEqual({
    engineId: 'engine-1',
    pool: 'default',
    instance: 'living-room',
    httpPort: 19_000,
    httpsPort: 45_000,
    hostHttpPort: 19_000,
    variant: 'krinkuto11-amd64',
    forwarded: true,
    epoch: Number.MAX_SAFE_INTEGER,
    index: 1,
    p2pPort: 65_535,
  })
})

test.each(['', ' 12', '12 ', '12\n', '+12', '-1', '1e3', '0x10', '012', '1.5', 'NaN', '９', '9'.repeat(16), '9'.repeat(100_000)])(
  'a number written as %j is none',
  (text) => {
    const labels = { 'acestream.lease.epoch': text, 'acestream.http_port': text, 'acestream.p2p-port': text, 'acestream.lease.index': text }
    expect(parseEngineLabels(labels)).toEqual(NOTHING)
  },
)

test.each(['0', '65536'])('%s is no port', (text) => {
  expect(parseEngineLabels({ 'acestream.http_port': text }).httpPort).toBeNull()
})

test.each(['', 'a\nb', '../x', 'a b', '-a', 'é', 'a'.repeat(64)])('an engine id of %j is none', (text) => {
  expect(parseEngineLabels({ 'acestream.engine.id': text }).engineId).toBeNull()
})

test.each(['', 'a\nb', '-a', 'a b', 'é', 'a'.repeat(64)])('an instance of %j is none', (text) => {
  expect(parseEngineLabels({ 'acestream.instance': text }).instance).toBeNull()
})

test.each(['True', '1', 'yes', 'true ', ''])('forwarded is not %j', (text) => {
  expect(parseEngineLabels({ 'acestream.forwarded': text }).forwarded).toBe(false)
})

test('managed means this key with this value', () => {
  const managed = { key: 'ondemand.app', value: 'myservice' }
  expect(isManaged({ 'ondemand.app': 'myservice' }, managed)).toBe(true)
  expect(isManaged({ 'ondemand.app': 'other' }, managed)).toBe(false)
  expect(isManaged({}, { key: 'constructor', value: 'x' })).toBe(false)
})

describe('a container belongs', () => {
  const managedLabel = { key: 'ondemand.app', value: 'myservice' }
  const owner = (labels: Record<string, string>) => ownerOf({ 'ondemand.app': 'myservice', ...labels }, { managedLabel, instance: 'home' })

  test('to us with our instance, and with none, as older orchestrators wrote none', () => {
    expect(owner({ 'acestream.instance': 'home' })).toBe('us')
    expect(owner({})).toBe('us')
  })

  test.each(['elsewhere', 'Home', 'home ', '', '\n', 'x'.repeat(100_000)])('to another instance with %j', (instance) => {
    expect(owner({ 'acestream.instance': instance })).toBe('another-instance')
  })

  test('to nobody we know without the managed-by label, whatever instance it names', () => {
    expect(owner({ 'ondemand.app': 'other', 'acestream.instance': 'home' })).toBe('nobody-we-know')
    expect(ownerOf({ 'acestream.instance': 'elsewhere' }, { managedLabel, instance: 'home' })).toBe('nobody-we-know')
  })
})

test('drops oversized labels and a flood of them, never ours', () => {
  const flood = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`label-${index}`, 'x']))
  const bounded = boundedLabels({ ...flood, huge: 'x'.repeat(5_000), 'acestream.forwarded': 'true', 'acestream.instance': 'home' })
  expect(Object.keys(bounded)).toHaveLength(200)
  expect(bounded).toMatchObject({ 'acestream.forwarded': 'true', 'acestream.instance': 'home' })
  expect(bounded).not.toHaveProperty('huge')
})
