/**
 * @module
 * `npm run build`: installs what is missing and builds `dist`.
 */
import { prepare } from './setup/prepare.mjs'
import { runScript, Steps } from './setup/steps.mjs'

await runScript(async () => {
  await prepare(new Steps(), { temporal: false })
  return 0
})
