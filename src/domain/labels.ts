/**
 * @module
 * The Docker labels that Berth writes and reads. Names are those that users of this kind of software already have.
 */
export const LABEL = {
  forwarded: 'acestream.forwarded',
  epoch: 'acestream.lease.epoch',
  index: 'acestream.lease.index',
  p2pPort: 'acestream.p2p-port',
  engineId: 'acestream.engine.id',
  pool: 'acestream.pool',
  /** Which Berth the container belongs to: several may share one daemon. Older orchestrators wrote none. */
  instance: 'acestream.instance',
  variant: 'acestream.engine.variant',
  httpPort: 'acestream.http_port',
  httpsPort: 'acestream.https_port',
  hostHttpPort: 'host.http_port',
  vpnContainer: 'acestream.vpn_container',
} as const

/** What our labels of one container say. */
export interface LabelFacts {
  engineId: string
  pool: string
  variant: string
  httpPort: number
  httpsPort: number
  hostHttpPort: number
  /** Name of the Gluetun container whose network it shares. */
  vpnContainer: string | null
  forwarded: { index: number; epoch: number; p2pPort: number } | null
}

/** All labels that are ours, the forwarded ones exactly on a forwarded container. `instance` is this Berth's own. */
export function ourLabels(facts: LabelFacts, managed: { key: string; value: string }, instance: string): Record<string, string> {
  const { forwarded } = facts
  return {
    'com.centurylinklabs.watchtower.enable': 'false',
    'dev.dozzle.group': `berth-${facts.pool}`,
    [LABEL.engineId]: facts.engineId,
    [LABEL.pool]: facts.pool,
    [LABEL.instance]: instance,
    [LABEL.variant]: facts.variant,
    [LABEL.httpPort]: String(facts.httpPort),
    [LABEL.httpsPort]: String(facts.httpsPort),
    [LABEL.hostHttpPort]: String(facts.hostHttpPort),
    ...(facts.vpnContainer === null ? {} : { [LABEL.vpnContainer]: facts.vpnContainer }),
    ...(forwarded === null
      ? {}
      : {
          [LABEL.forwarded]: 'true',
          [LABEL.epoch]: String(forwarded.epoch),
          [LABEL.index]: String(forwarded.index),
          [LABEL.p2pPort]: String(forwarded.p2pPort),
        }),
    [managed.key]: managed.value,
  }
}
