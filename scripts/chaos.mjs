/**
 * @module
 * `npm run chaos`: sets up what is missing, compiles the campaigns and runs one. Arguments go to `chaos/main.ts`.
 */
import { join } from 'node:path'
import { runApp } from './setup/app.mjs'
import { compileCampaigns } from './setup/campaigns.mjs'
import { prepare } from './setup/prepare.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

await runScript(async () => {
  const steps = new Steps()
  const env = await prepare(steps, { external: false })
  await steps.run('chaos build', compileCampaigns)
  return runApp([join(root, 'dist/chaos/main.js'), ...process.argv.slice(2)], env)
})
