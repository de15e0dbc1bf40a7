/**
 * @module
 * Every workflow type of Berth: the entry of the workflow bundle.
 */
export { engine } from './engine.js'
export { environment } from './environment.js'
export { fleet } from './fleet.js'
export { forwardedLease } from './forwarded-lease.js'
export { logs } from './logs.js'
export { watch } from './watch.js'
