/**
 * @module
 * Which P2P port a container gives to its engine, whatever made it: the one way to know it of containers that carry no label for it.
 */

const VARIABLE = 'P2P_PORT'
/** Variables that hold a command line, or lines of flags. */
const COMMAND_LINES = ['CONF', 'ACESTREAM_ARGS', 'EXTRA_FLAGS'] as const
const FLAG = '--port'

/**
 * The port in `P2P_PORT`, else in the last `--port` of the command lines in `CONF`, `ACESTREAM_ARGS` and `EXTRA_FLAGS` and of `command` (the entry point with its
 * arguments), in this order. `environment` is Docker's: `NAME=value`, the last of a name counts, and an empty value counts as not set.
 *
 * `null` when there is none, and when what stands there is not a port from 1 to 65535.
 */
export function configuredP2pPort(environment: readonly string[], command: readonly string[]): number | null {
  const variable = lastValueOf(VARIABLE, environment)
  if (variable !== null) return portIn(variable)
  const lines = COMMAND_LINES.map((name) => lastValueOf(name, environment) ?? '')
  const given = [...lines.map(wordsOf), command.flatMap(wordsOf)].flatMap(flagValues).at(-1)
  return given === undefined ? null : portIn(given)
}

function lastValueOf(name: string, environment: readonly string[]): string | null {
  const start = `${name}=`
  const value = environment.findLast((each) => each.startsWith(start))?.slice(start.length)
  return value === undefined || value.trim() === '' ? null : value
}

/** An argument may itself be a command line, as after `sh -c`. */
function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** What follows each flag: in the same word, or as the next one. */
function flagValues(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    if (word === FLAG) return [words[index + 1] ?? '']
    return word.startsWith(`${FLAG}=`) ? [word.slice(FLAG.length + 1)] : []
  })
}

function portIn(text: string): number | null {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : null
}
