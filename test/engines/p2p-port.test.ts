import { describe, expect, test } from 'vitest'
import { VARIANTS, variantOf } from '../../src/engines/index.js'
import { configuredP2pPort } from '../../src/engines/p2p-port.js'

const PORTS = { httpPort: 19_000, httpsPort: 45_000 }
const FLAGS = ['--http-port', '19000', '--https-port', '45000']

/** As Docker shows the container of a variant. */
function containerOf(variant: string, p2pPort: number | null): [environment: string[], command: string[]] {
  const { environment, command } = variantOf(variant).containerConfig({ ...PORTS, p2pPort })
  return [Object.entries(environment).map(([name, value]) => `${name}=${value}`), command ?? []]
}

describe('the P2P port of a container', () => {
  test.each(VARIANTS)('of %s is the one that it was made with', (variant) => {
    expect(configuredP2pPort(...containerOf(variant, 40_001))).toBe(40_001)
  })

  test.each(VARIANTS)('of %s is none when it was made without', (variant) => {
    expect(configuredP2pPort(...containerOf(variant, null))).toBeNull()
  })

  const oldPython = ['python', 'main.py', '--bind-all', '--client-console', '--live-cache-type', 'memory', ...FLAGS]
  test.each<[name: string, environment: string[], command: string[]]>([
    ['krinkuto11', ['CONF=--http-port=19000\n--https-port=45000\n--bind-all', 'HTTP_PORT=19000', 'P2P_PORT=40001', 'BIND_ALL=true'], []],
    ['krinkuto11 with a CONF of the caller', ['CONF=--http-port=6879\n--https-port=6880\n--port=40001\n--bind-all'], []],
    ['jopsis on amd64', [`ACESTREAM_ARGS=--client-console --bind-all ${FLAGS.join(' ')} --port 40001`], []],
    ['jopsis on ARM', ['PATH=/usr/bin'], [...oldPython, '--port', '40001']],
    ['an image with extra flags', ['EXTRA_FLAGS=--http-port 6900 --port 40001'], []],
    ['an entry point before the command', [], ['/srv/ace/start-engine', '--client-console', '--port=40001', '--bind-all']],
    ['a command in one argument', [], ['/bin/sh', '-c', 'exec ./engine --http-port 6878 --port 40001']],
  ])('of an older orchestrator is read: %s', (_, environment, command) => {
    expect(configuredP2pPort(environment, command)).toBe(40_001)
  })

  test.each<[name: string, environment: string[], command: string[]]>([
    ['no container at all', [], []],
    ['other ports', ['HTTP_PORT=6878', 'API_PORT=62062'], ['--http-port', '1', '--https-port=2', '--api-port', '3', '--api-port=4']],
    ['words that only begin or end like the flag', [], ['--ports', '1', '--port-range=2', 'x--port=3', '-port', '4', '--portal', '5']],
    ['a variable that only ends like it', ['MY_P2P_PORT=40001', 'GLUETUN_EXTRA_FLAGS=--port 40001', 'p2p_port=40001'], []],
    ['a flag in a variable that no engine reads', ['NOTES=--port 40001'], []],
    ['a variable that is removed', ['P2P_PORT'], []],
    ['a flag without its value', ['EXTRA_FLAGS=--port'], ['40001']],
    ['a flag before another flag', [], ['--port', '--bind-all']],
  ])('is none: %s', (_, environment, command) => {
    expect(configuredP2pPort(environment, command)).toBeNull()
  })

  test.each(['0', '65536', '99999', '100000', '-1', '+1', '1e3', '0x10', '4000 1', '40001,40002', 'auto', '９'])(
    'is none for %j',
    (text) => {
      expect(configuredP2pPort([`P2P_PORT=${text}`], [])).toBeNull()
      expect(configuredP2pPort([], [`--port=${text.replaceAll(' ', '_')}`])).toBeNull()
    },
  )

  test.each(['1', '8621', '65535'])('may be %s', (text) => {
    expect(configuredP2pPort([`P2P_PORT=${text}`], [])).toBe(Number(text))
    expect(configuredP2pPort([], ['--port', text])).toBe(Number(text))
  })

  test('is that of the variable before any flag, unless the variable is empty', () => {
    expect(configuredP2pPort(['EXTRA_FLAGS=--port 2', 'P2P_PORT=1'], ['--port', '3'])).toBe(1)
    expect(configuredP2pPort(['P2P_PORT='], ['--port', '3'])).toBe(3)
  })

  test('is the last one said, as on a command line', () => {
    expect(configuredP2pPort([], ['--port', '1', '--port=2'])).toBe(2)
    expect(configuredP2pPort(['EXTRA_FLAGS=--port 3', 'ACESTREAM_ARGS=--port 2', 'CONF=--port=1'], [])).toBe(3)
    expect(configuredP2pPort(['EXTRA_FLAGS=--port 3'], ['--port', '4'])).toBe(4)
    expect(configuredP2pPort(['P2P_PORT=1', 'P2P_PORT=2'], [])).toBe(2)
  })

  test('is none when the last one said is no port: the engine has not taken the one before', () => {
    expect(configuredP2pPort([], ['--port', '40001', '--port', 'none'])).toBeNull()
  })
})
