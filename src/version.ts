/**
 * @module
 * Which Berth this is.
 */
import { readFileSync } from 'node:fs'
import { ROOT } from './root.js'

/** As package.json says. */
export const VERSION = String((JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: unknown }).version)
