/**
 * @module
 * `ghcr.io/krinkuto11/nano-ace`: the bare engine binary, called with its path. There is no shell inside.
 */
import { portFlags, type Variant } from './variant.js'

export const nanoAce: Variant = {
  image: () => 'ghcr.io/krinkuto11/nano-ace:latest',
  containerConfig: (ports) => ({
    environment: {},
    command: ['/acestream/acestreamengine', '--client-console', '--bind-all', ...portFlags(ports)],
  }),
}
