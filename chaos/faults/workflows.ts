/**
 * @module
 * Row 4: Temporal has lost a workflow that the pool has one of.
 */
import { type Fault, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'

const terminated =
  (...workflows: Parameters<Target['terminate']>) =>
  async ({ terminate }: Target) => {
    await terminate(...workflows)
    return NOTHING_TO_HEAL
  }

const ROW = { ...ORDINARY, row: 4, touches: ['temporal'] } as const

export const workflowFaults: readonly Fault[] = [
  { ...ROW, name: 'the lease is terminated by hand', inject: terminated('lease') },
  { ...ROW, name: 'the fleet is terminated by hand', inject: terminated('fleet') },
  { ...ROW, name: 'the watch is terminated by hand', inject: terminated('watch') },
  { ...ROW, name: 'lease, fleet and watch are terminated by hand', inject: terminated('lease', 'fleet', 'watch') },
]
