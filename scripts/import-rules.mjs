/**
 * @module
 * `npm run imports`: who may import whom.
 */
import { checkImportRules } from './checks/import-rules.mjs'

const { code, output } = await checkImportRules()
console.log(output)
process.exitCode = code === 0 ? 0 : 1
