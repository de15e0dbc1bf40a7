/**
 * @module
 * Where an engine image reads its ports from. Each variant has its own way; the stand-in takes them all.
 */

/** What one engine process listens on, and how it misbehaves when a test asks for it. */
export interface EngineSettings {
  httpPort: number
  httpsPort: number | null
  /** `null` when none was given: then no P2P port is opened. */
  p2pPort: number | null
  /** Accept connections and never answer. */
  hang: boolean
  /** Exit with code 1 after this many milliseconds. */
  exitAfterMs: number | null
}

type PortName = 'http-port' | 'https-port' | 'port'

const FLAG = /(?:^|\s)--(http-port|https-port|port)[=\s]+(\d{1,5})(?=\s|$)/g

/**
 * The settings of an engine with this environment and these command arguments.
 *
 * Precedence, first wins: arguments, `EXTRA_FLAGS`, `ACESTREAM_ARGS`, `CONF`, then `HTTP_PORT`, `HTTPS_PORT`, `P2P_PORT`; an engine told nothing
 * listens on 6878. A value that is no port (1 to 65535) counts as not given.
 */
export function readEngineSettings(environment: Readonly<Record<string, string | undefined>>, args: readonly string[]): EngineSettings {
  const sources = [
    flagsIn(args.join(' ')),
    flagsIn(environment['EXTRA_FLAGS']),
    flagsIn(environment['ACESTREAM_ARGS']),
    flagsIn(environment['CONF']?.replaceAll('\\n', '\n')),
    variablesIn(environment),
  ]
  const port = (name: PortName): number | null => sources.map((source) => source.get(name)).find((value) => value !== undefined) ?? null
  return {
    httpPort: port('http-port') ?? 6878,
    httpsPort: port('https-port'),
    p2pPort: port('port'),
    hang: environment['ENGINE_HANG'] === '1',
    exitAfterMs: wholeNumber(environment['ENGINE_EXIT_AFTER_MS']),
  }
}

function flagsIn(text: string | undefined): Map<PortName, number> {
  const found = new Map<PortName, number>()
  for (const [, name, value] of (text ?? '').matchAll(FLAG)) {
    const port = toPort(value)
    if (port !== null) found.set(name as PortName, port)
  }
  return found
}

function variablesIn(environment: Readonly<Record<string, string | undefined>>): Map<PortName, number> {
  const found = new Map<PortName, number>()
  const names = { HTTP_PORT: 'http-port', HTTPS_PORT: 'https-port', P2P_PORT: 'port' } as const
  for (const [variable, name] of Object.entries(names)) {
    const port = toPort(environment[variable])
    if (port !== null) found.set(name, port)
  }
  return found
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

function toPort(text: string | undefined): number | null {
  const port = wholeNumber(text)
  return port !== null && port >= 1 && port <= 65_535 ? port : null
}
