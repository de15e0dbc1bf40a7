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
  variant: 'acestream.engine.variant',
  httpPort: 'acestream.http_port',
  httpsPort: 'acestream.https_port',
  hostHttpPort: 'host.http_port',
  vpnContainer: 'acestream.vpn_container',
} as const
