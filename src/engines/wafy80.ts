/**
 * @module
 * `wafy80/acestream`: arguments of its entry point `/srv/ace/start-engine`. A command replaces the image's own, so the two flags of that are repeated.
 */
import { portFlags, type Variant } from './variant.js'

export const wafy80: Variant = {
  image: () => 'wafy80/acestream:latest',
  containerConfig: (ports) => ({ environment: {}, command: ['--client-console', '--bind-all', ...portFlags(ports)] }),
}
