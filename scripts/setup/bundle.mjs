/**
 * @module
 * Bundles the compiled workflows into `<folder>/workflow-bundle.js`, so that a worker starts without a bundler. Run as a program.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'

const [folder] = process.argv.slice(2)
const { code } = await bundleWorkflowCode({ workflowsPath: join(folder, 'workflows/index.js') })
writeFileSync(join(folder, 'workflow-bundle.js'), code)
