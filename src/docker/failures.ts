/**
 * @module
 * What went wrong, from the daemon's status and words or from the connection's error: one stable code, the cause, and the fix where one is known.
 *
 * The daemon's words are those of Docker Engine 20.10 to 28; a message that is not known falls back on the status alone.
 */
import { LABEL } from '../domain/labels.js'
import { formatDockerAddress, type DockerAddress } from './docker-host.js'
import { isManaged, type Ownership } from './labels.js'
import { RuntimeError, type InspectedContainer, type RuntimeErrorCode } from './runtime.js'

const MAX_CAUSE_LENGTH = 500

interface Rule {
  status?: number
  words: RegExp
  code: RuntimeErrorCode
  fix?: string
}

/** First match wins. */
const RULES: Rule[] = [
  {
    words: /cannot join network of a non running container|joining network namespace of|\/proc\/\d+\/ns\/net|namespace path/i,
    code: 'network-gone',
    fix: 'start the container whose network it is to share',
  },
  {
    status: 404,
    words: /network .*not found/i,
    code: 'network-gone',
    fix: 'create that network, or set DOCKER_NETWORK to one that exists',
  },
  {
    words: /port is already allocated|address already in use/i,
    code: 'port-taken',
    fix: 'free that port on the host, or choose another range with PORT_RANGE_HOST',
  },
  { status: 404, words: /no such image|image not known/i, code: 'image-missing' },
  { status: 409, words: /name .* is already in use/i, code: 'name-taken' },
  { status: 409, words: /marked for removal/i, code: 'no-such-container' },
  {
    words: /executable file not found|no such file or directory: unknown/i,
    code: 'refused',
    fix: 'the image does not have the command of its variant: check that ENGINE_VARIANT fits ENGINE_IMAGE',
  },
]

/** The error of an answer with a status that is none of success. `doing` says what was asked, as in "starting the container abc". */
export function refusal(doing: string, status: number, message: string): RuntimeError {
  const rule = RULES.find((each) => (each.status === undefined || each.status === status) && each.words.test(message))
  const code = rule?.code ?? codeOfStatus(status)
  const cause = readable(message) || `Docker answered with status ${status}`
  return new RuntimeError(code, [`${doing}: ${cause}`, rule?.fix].filter(Boolean).join('; '))
}

/** The same of a create (`own` is `null`) or a start: a container that is missing and not the one itself is the one whose network it was to share. */
export function refusalWithNetwork(doing: string, status: number, message: string, own: string | null): RuntimeError {
  const missing = status === 404 ? /no such container: *(\S+)/i.exec(message)?.[1] : undefined
  if (missing === undefined || missing === own) return refusal(doing, status, message)
  return refusal(doing, status, `joining network namespace of container: ${message}`)
}

function codeOfStatus(status: number): RuntimeErrorCode {
  if (status >= 500) return 'failed'
  if (status === 404) return 'no-such-container'
  return status === 409 ? 'conflict' : 'refused'
}

/** The same of an image: how to get it, or to choose another. */
export function imageMissing(doing: string, image: string, message: string): RuntimeError {
  return new RuntimeError(
    'image-missing',
    `${doing}: ${readable(message)}; run "docker pull ${image}" on the Docker host, or set ENGINE_IMAGE to an image that it has`,
  )
}

/** The error of a removal of what is not ours, by an inspect that said so: whose it is, and what to do where it is in the way. */
export function notOurs(doing: string, container: InspectedContainer, { managedLabel, instance }: Ownership): RuntimeError {
  const { name, labels, engine } = container
  if (!isManaged(labels, managedLabel)) {
    const label = `${managedLabel.key}=${managedLabel.value}`
    return new RuntimeError('refused', `${doing}: ${name} does not carry the label ${label}, so it is not Berth's`)
  }
  const [other, fix] =
    engine.instance === null
      ? [`its label ${LABEL.instance} cannot be read`, `run "docker rm -f ${name}"`]
      : [`instance ${engine.instance}`, `set BERTH_INSTANCE=${engine.instance} to take over its containers`]
  return new RuntimeError(
    'refused',
    `${doing}: ${name} belongs to another Berth (${other}; this one is instance ${instance}); when that one is gone for good, ${fix}`,
  )
}

const OR_DEMO = 'or try Berth without Docker with --demo'

/** The error of a request that got no answer. It may have been carried out all the same. */
export function unreachable(doing: string, address: DockerAddress, error: unknown): RuntimeError {
  const where = formatDockerAddress(address)
  const code = error instanceof Error && 'code' in error ? error.code : null
  const options = { cause: error }
  switch (code) {
    case 'ENOENT':
      return new RuntimeError(
        'unreachable',
        `${doing}: there is no Docker socket at ${where}; start Docker, set DOCKER_HOST to where it listens, ${OR_DEMO}`,
        options,
      )
    case 'ECONNREFUSED':
      return new RuntimeError(
        'unreachable',
        `${doing}: nothing listens at ${where}; start Docker, set DOCKER_HOST to where it listens, ${OR_DEMO}`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new RuntimeError(
        'unreachable',
        `${doing}: no permission for ${where}; add this user to the docker group ("sudo usermod -aG docker $USER", then log in again), or set DOCKER_HOST to a socket that it may use, ${OR_DEMO}`,
        options,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new RuntimeError('unreachable', `${doing}: the host of ${where} cannot be resolved; check DOCKER_HOST`, options)
    default:
      return new RuntimeError('unreachable', `${doing}: the connection to Docker at ${where} broke: ${readable(String(error))}`, options)
  }
}

export function timedOut(doing: string, address: DockerAddress, timeoutMs: number): RuntimeError {
  return new RuntimeError(
    'unreachable',
    `${doing}: Docker at ${formatDockerAddress(address)} did not answer within ${timeoutMs} ms; it may have done it all the same`,
  )
}

/** An answer that is not what the API promises: as good as none. The answer itself is not quoted, as it may hold credentials. */
export function unreadable(doing: string, problem: string): RuntimeError {
  return new RuntimeError('unreachable', `${doing}: the answer of Docker cannot be read: ${readable(problem)}`)
}

/** In one line, without control characters, of bounded length. */
function readable(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim()
  return line.length > MAX_CAUSE_LENGTH ? `${line.slice(0, MAX_CAUSE_LENGTH)}…` : line
}
