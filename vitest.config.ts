import { defineConfig } from 'vitest/config'
import { cachedBinary } from './scripts/setup/binary-cache.mjs'
import { imageNode, temporalCli, temporalTestServer } from './scripts/setup/binary-pins.mjs'
import { keptCompose } from './scripts/setup/image-tools.mjs'
import { keptSchemathesis } from './scripts/setup/schemathesis.mjs'

/** What `npm test` sets; here for a suite that is run by itself, once `npm test` has fetched them. */
process.env.BERTH_TEMPORAL_CLI ||= cachedBinary(temporalCli) ?? ''
process.env.BERTH_TEMPORAL_TEST_SERVER ||= cachedBinary(temporalTestServer) ?? ''
process.env.BERTH_COMPOSE ||= keptCompose() ?? ''
process.env.BERTH_IMAGE_NODE ||= cachedBinary(imageNode) ?? ''
process.env.BERTH_SCHEMATHESIS ||= keptSchemathesis() ?? ''

const minute = 60_000

/** One suite: what it holds, and what it needs to run. `npm test` runs them one after the other. */
const suite = (name: string, include: string[], test: object = {}) => ({ extends: true as const, test: { name, include, ...test } })

/** Files of these suites share a machine's Docker or Temporal: one at a time. */
const oneByOne = { maxWorkers: 1, testTimeout: 10 * minute, hookTimeout: 5 * minute }

const server = ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts']
const docker = ['test/docker/**/*.test.ts']
const panel = ['test/panel/**/*.test.ts']
const fuzz = ['test/fuzz/**/*.test.ts']
const e2e = ['test/e2e/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/chaos/campaign.test.ts']
const image = ['test/image/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    hookTimeout: minute,
    testTimeout: 15_000,
    projects: [
      suite('unit', ['test/**/*.test.ts'], { exclude: [...server, ...docker, ...e2e, ...image, ...panel, ...fuzz] }),
      suite('server', server, { testTimeout: minute }),
      suite('fuzz', fuzz, oneByOne),
      suite('docker', docker, oneByOne),
      suite('panel', panel, { maxWorkers: 1, testTimeout: minute / 2 }),
      suite('e2e', e2e, oneByOne),
      suite('image', image, oneByOne),
    ],
  },
})
