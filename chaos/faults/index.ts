/**
 * @module
 * Every fault that a campaign knows.
 */
import type { Fault } from '../fault.js'
import { clockFaults } from './clocks.js'
import { containerFaults } from './containers.js'
import { dockerApiFaults } from './docker-api.js'
import { loadFaults } from './load.js'
import { processFaults } from './processes.js'
import { resourceFaults } from './resources.js'
import { vpnFaults } from './vpn.js'
import { workflowFaults } from './workflows.js'

export const FAULTS: readonly Fault[] = [
  ...processFaults,
  ...dockerApiFaults,
  ...containerFaults,
  ...vpnFaults,
  ...loadFaults,
  ...clockFaults,
  ...resourceFaults,
  ...workflowFaults,
]
