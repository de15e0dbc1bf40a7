/**
 * @module
 * Bundles the compiled workflows into `<folder>/workflow-bundle.js`, so that a worker starts without a bundler. Run as a program.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'

/**
 * How deep the stacks of workflows are told. The SDK takes a stack, and looks up each of its frames in the source map, for every promise that a workflow makes: with
 * ten frames, Node's own number, that is most of what a workflow task costs (docs/adr/0023). It counts for all workflows: the bundle is evaluated once.
 */
const STACK_FRAMES = 2

const [folder] = process.argv.slice(2)
const { code } = await bundleWorkflowCode({ workflowsPath: join(folder, 'workflows/index.js') })
writeFileSync(join(folder, 'workflow-bundle.js'), `Error.stackTraceLimit = ${STACK_FRAMES};${code}`)
