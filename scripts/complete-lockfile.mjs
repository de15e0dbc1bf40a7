/**
 * @module
 * `npm run lockfile`, after a change of dependencies: names the optional packages that npm left out of package-lock.json.
 *
 * npm drops an optional package that the registry at hand does not offer (a mirror may hold only some platforms). `npm ci` then
 * refuses the lockfile wherever the registry does offer it. Such packages are binaries for one platform at one exact version, so
 * name, version and platform are known without asking; only the checksum is not.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingOptionals } from './setup/missing-optionals.mjs'
import { root } from './setup/root.mjs'

const file = join(root, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = missingOptionals(lock.packages)
const packages = { ...lock.packages, ...Object.fromEntries(missing) }
lock.packages = Object.fromEntries(Object.entries(packages).sort(([left], [right]) => left.localeCompare(right, 'en')))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`package-lock.json: ${missing.length} optional packages added`)
