/**
 * @module
 * What a person does about a problem, in one sentence.
 */

/** By the problem's code; each has a page that tells more. */
export const FIXES: Readonly<Record<string, string>> = {
  'crash-loop': 'read the log of that engine (docker logs); Berth tries it again with a growing pause',
  forbidden: 'set API_KEY to a key of this Berth that may do so',
  'forwarded-without-port': 'look at Gluetun: it forwards no port now',
  'gluetun-unauthorized': 'give Berth the credentials of a role of Gluetun’s control server (docs/how-to/gluetun.md)',
  'gluetun-unreachable': 'start the Gluetun container, and set GLUETUN_API_PORT or GLUETUN_URL to where its control server listens',
  'image-missing': 'pull the image on the Docker host, or set ENGINE_IMAGE to one that is there',
  'lease-disabled': 'set GLUETUN_CONTAINER_NAME: without a VPN there is no forwarded port',
  'max-capacity': 'raise MAX_REPLICAS, or remove an engine',
  'no-forwarded': 'wait for an engine that is healthy and a port that Gluetun forwards',
  unauthorized: 'set API_KEY to a key of this Berth',
  unavailable: 'start what the text names: Temporal, or a worker (npm start starts both)',
  'vpn-missing': 'set GLUETUN_CONTAINER_NAME to the name of a container that runs',
  'vpn-stopped': 'start the Gluetun container',
}

/** What to do about `code`, with the page that tells more. */
export function fixOf(code: string): string {
  const page = `docs/problems/${code}.md`
  const fix = FIXES[code]
  return fix === undefined ? `see ${page}` : `${fix}; see ${page}`
}
