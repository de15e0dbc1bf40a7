/**
 * @module
 * `ghcr.io/krinkuto11/acestream-http-proxy`: ports by environment only. Its entry point writes the engine's configuration file from these variables and ignores
 * command arguments and `EXTRA_FLAGS`; without `BIND_ALL` a published port does not answer. Runs as uid 1000.
 */
import type { Variant } from './variant.js'

export const krinkuto11Amd64: Variant = {
  image: () => 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
  containerConfig: ({ httpPort, httpsPort, p2pPort }) => ({
    environment: {
      CONF: `--http-port=${httpPort}\n--https-port=${httpsPort}\n--bind-all`,
      HTTP_PORT: String(httpPort),
      HTTPS_PORT: String(httpsPort),
      BIND_ALL: 'true',
      INTERNAL_BUFFERING: '60',
      CACHE_LIMIT: '1',
      ...(p2pPort === null ? {} : { P2P_PORT: String(p2pPort) }),
    },
    command: null,
  }),
}
