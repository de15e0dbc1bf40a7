/**
 * @module
 * What a person reads when Gluetun could not be asked: the cause and the exact fix. No text of the server's and no credential is quoted.
 */
import type { GluetunAuth, GluetunProblem } from './client.js'
import type { Failure } from './exchange.js'

/** v3.41 and newer; v3.39 and v3.40 answer 401 to it, as to all they do not know. */
export const NEW_PORT_ROUTE = '/v1/portforward'
/** v3.40 and older; newer ones redirect it to the new one. */
export const OLD_PORT_ROUTE = '/v1/openvpn/portforwarded'
export const STATUS_ROUTE = '/v1/vpn/status'
export const PUBLIC_IP_ROUTE = '/v1/publicip/ip'

const ROLE_FILE = '/gluetun/auth/config.toml'

/** Everything that a run of 401s told. */
export interface Refusal {
  /** The routes refused, each once. For the ports both routes, when both were. */
  routes: string[]
  /** Another route of the same reading was answered: the credentials (or the lack of them) are good there. */
  othersAccepted: boolean
  /** The old port route redirected to the new one, which refused: v3.41 or newer, and its file lists only the old one. */
  redirectedThenRefused: boolean
  /** The port route that was answered last, if one ever was. */
  portRoute: string | null
  /** A refusing role is of method `basic`. */
  wantsBasic: boolean
}

/** Says which role to write into Gluetun's file, and which variable to set in Berth. */
export function unauthorized(base: URL, auth: GluetunAuth, refusal: Refusal): GluetunProblem {
  const method = auth.kind === 'none' && refusal.wantsBasic ? 'basic' : auth.kind === 'basic' ? 'basic' : 'apikey'
  const credentials = method === 'basic' ? 'GLUETUN_API_USERNAME and GLUETUN_API_PASSWORD' : 'GLUETUN_API_KEY'
  const refused = `Gluetun at ${base.origin} refuses ${refusal.routes.map((route) => `GET ${route}`).join(', ')} (HTTP 401)`
  const portsRefused = refusal.routes.includes(NEW_PORT_ROUTE) || refusal.routes.includes(OLD_PORT_ROUTE)
  // Where the ports are refused, what worked before tells nothing: this may be another version by now.
  const old = !portsRefused && refusal.portRoute === OLD_PORT_ROUTE

  const lines = [
    `${refused}: ${cause(auth, refusal)}`,
    `Fix: write this role into ${ROLE_FILE} of the Gluetun container (the file named by HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH):`,
    ...roleLines(method, old ? OLD_PORT_ROUTE : NEW_PORT_ROUTE),
    auth.kind !== method
      ? `Then set ${credentials} in Berth to the same, and restart both: Gluetun reads the file at its start only.`
      : `Then restart Gluetun, which reads the file at its start only. ${credentials} of Berth must hold the same.`,
  ]
  if (portsRefused && refusal.redirectedThenRefused) {
    lines.push(
      `This Gluetun is v3.41 or newer and its file lists only "GET ${OLD_PORT_ROUTE}", which it redirects to ${NEW_PORT_ROUTE}: ` +
        `"GET ${NEW_PORT_ROUTE}" must be listed.`,
    )
  } else if (portsRefused) {
    lines.push(
      `From v3.41 on a file that lists only "GET ${OLD_PORT_ROUTE}" is not enough, as that redirects to ${NEW_PORT_ROUTE}.`,
      `For v3.40 and older write "GET ${OLD_PORT_ROUTE}" instead of "GET ${NEW_PORT_ROUTE}": ` +
        'Gluetun does not start with a route that it does not know.',
    )
  }
  return { code: 'gluetun-unauthorized', detail: lines.join('\n') }
}

function cause(auth: GluetunAuth, { othersAccepted, wantsBasic }: Refusal): string {
  if (auth.kind === 'none') {
    if (othersAccepted) return 'no credentials are configured in Berth, and only other routes are open without.'
    return wantsBasic
      ? 'no credentials are configured in Berth, and Gluetun asks for a user name and a password.'
      : 'no credentials are configured in Berth.'
  }
  if (auth.kind === 'apikey') {
    if (othersAccepted) return 'other routes are answered with GLUETUN_API_KEY, but no role that accepts it lists these.'
    return wantsBasic
      ? 'its role asks for a user name and a password, but GLUETUN_API_KEY is configured in Berth.'
      : 'the credentials are refused. GLUETUN_API_KEY is not the "apikey" of a role, or that role does not list these routes.'
  }
  if (othersAccepted)
    return 'other routes are answered with GLUETUN_API_USERNAME and GLUETUN_API_PASSWORD, but no role that accepts them lists these.'
  return (
    'the credentials are refused. GLUETUN_API_USERNAME and GLUETUN_API_PASSWORD are not those of a role with auth = "basic", ' +
    'or that role does not list these routes.'
  )
}

function roleLines(method: 'apikey' | 'basic', portRoute: string): string[] {
  return [
    '[[roles]]',
    'name = "berth"',
    `routes = ["GET ${STATUS_ROUTE}", "GET ${portRoute}", "GET ${PUBLIC_IP_ROUTE}"]`,
    `auth = "${method}"`,
    ...(method === 'apikey'
      ? ['apikey = "<the value of GLUETUN_API_KEY>"']
      : ['username = "<the value of GLUETUN_API_USERNAME>"', 'password = "<the value of GLUETUN_API_PASSWORD>"']),
  ]
}

/** The credentials hold characters that HTTP has no place for. */
export function unsendable(): GluetunProblem {
  return {
    code: 'gluetun-unauthorized',
    detail:
      'GLUETUN_API_KEY holds a line break or a character outside Latin-1, which no HTTP header can carry. Use letters and digits, in Gluetun too.',
  }
}

/** There is no address yet, or none that can be asked. */
export function noAddress(given: 'unknown' | 'unreadable'): GluetunProblem {
  const detail =
    given === 'unknown'
      ? "The address of Gluetun's control server is not known: the Gluetun container was not found, does not run, or is on no network."
      : "The address of Gluetun's control server is not a URL such as http://gluetun:8000."
  return { code: 'gluetun-unreachable', detail }
}

/** No usable answer to GET `route`. */
export function failed(base: URL, route: string, failure: Failure, timeoutMs: number): GluetunProblem {
  const where = `GET ${base.origin}${route}`
  switch (failure.kind) {
    case 'timeout':
      return { code: 'gluetun-unreachable', detail: `${where} was not answered within ${timeoutMs} ms.` }
    case 'unreachable':
      return {
        code: 'gluetun-unreachable',
        detail:
          `${where} failed: ${failure.reason}. Gluetun's control server listens on port 8000 unless HTTP_CONTROL_SERVER_ADDRESS says otherwise ` +
          '(set GLUETUN_API_PORT or GLUETUN_URL in Berth accordingly), and about one second after the container starts.',
      }
    case 'redirected-away':
      return {
        code: 'gluetun-unintelligible',
        detail:
          `${where} redirects to another scheme, host or port. Berth does not follow it there, so that credentials stay with Gluetun. ` +
          "Set GLUETUN_URL in Berth to the address of Gluetun's control server itself.",
      }
    case 'redirect-loop':
      return { code: 'gluetun-unintelligible', detail: `${where} redirects again and again. ${NOT_GLUETUN}` }
    case 'too-large':
      return { code: 'gluetun-unintelligible', detail: `${where} was answered with more than 64 KiB. ${NOT_GLUETUN}` }
  }
}

const NOT_GLUETUN = "Is this Gluetun's control server (GLUETUN_API_PORT, GLUETUN_URL), and not another server or a proxy in front of it?"

/** An answer came, and it is not one of Gluetun's. `instead` continues "was answered". */
export function unintelligible(base: URL, route: string, instead: string): GluetunProblem {
  return { code: 'gluetun-unintelligible', detail: `GET ${base.origin}${route} was answered ${instead}. ${NOT_GLUETUN}` }
}
