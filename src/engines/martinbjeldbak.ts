/**
 * @module
 * `ghcr.io/martinbjeldbak/acestream-http-proxy`: no port variable; `EXTRA_FLAGS` is appended to its command line, `ALLOW_REMOTE_ACCESS` makes it bind all addresses.
 */
import { portFlags, type Variant } from './variant.js'

export const martinbjeldbak: Variant = {
  image: () => 'ghcr.io/martinbjeldbak/acestream-http-proxy:latest',
  containerConfig: (ports) => ({
    environment: { ALLOW_REMOTE_ACCESS: 'yes', EXTRA_FLAGS: portFlags(ports).join(' ') },
    command: null,
  }),
}
