/**
 * @module
 * The effective configuration as rows, for reading.
 */
import type { Settings } from '../contracts/settings.js'
import type { Environment } from './config.js'
import { VARIABLES } from './variables.js'

/** Every variable that Berth reads, in its order; secrets are masked. */
export function settingsOf(environment: Environment): Settings {
  return VARIABLES.map(({ name, secret, reason, fallback }) => {
    const given = environment[name]
    const fromFile = secret === true && (environment[`${name}_FILE`] ?? '') !== ''
    const isSet = fromFile || (given !== undefined && given !== '')
    return {
      variable: name,
      value: isSet ? (secret ? '********' : (given ?? null)) : fallback,
      source: isSet ? 'environment' : 'default',
      meaning: reason,
    }
  })
}
