/**
 * @module
 * Names in a container that are Berth's alone. Whoever could set one of them could make a second forwarded engine, or hide one.
 */

/** Every way in which some engine image takes a port, a bind address or its whole command line; and what loads code into any process. */
export const RESERVED_ENVIRONMENT: ReadonlySet<string> = new Set([
  'P2P_PORT',
  'HTTP_PORT',
  'HTTPS_PORT',
  'API_PORT',
  'CONF',
  'ACESTREAM_ARGS',
  'EXTRA_FLAGS',
  'BIND_ALL',
  'ALLOW_REMOTE_ACCESS',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
  'PATH',
])

const RESERVED_LABELS: ReadonlySet<string> = new Set([
  'host.http_port',
  'host.https_port',
  'com.centurylinklabs.watchtower.enable',
  'dev.dozzle.group',
])
const RESERVED_PREFIXES = ['acestream.', 'com.docker.']

/** Whether a caller may not set this environment variable. Letter case does not matter. */
export function reservedEnvironment(name: string): boolean {
  return RESERVED_ENVIRONMENT.has(name.toUpperCase())
}

/** Whether a caller may not set this label; `managedKey` is the key of the managed-by label. Letter case does not matter. */
export function reservedLabel(name: string, managedKey: string): boolean {
  const label = name.toLowerCase()
  return label === managedKey.toLowerCase() || RESERVED_LABELS.has(label) || RESERVED_PREFIXES.some((prefix) => label.startsWith(prefix))
}
