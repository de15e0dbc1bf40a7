/**
 * @module
 * Row 25: no room on the disk, no file descriptors.
 */
import { type Fault, ORDINARY } from '../fault.js'
import { exhaustFiles } from '../open-files.js'

const withoutFiles = (part: 'worker' | 'api' | 'temporal', what: string): Fault => ({
  ...ORDINARY,
  row: 25,
  name: `${what} can open no file and no connection more`,
  touches: [part],
  holds: [3_000, 10_000],
  inject: async ({ berth }) => {
    const pid = await berth.running(part)
    const restore = exhaustFiles(pid)
    return async () => {
      if (berth.pid(part) === pid) restore()
    }
  },
})

export const resourceFaults: readonly Fault[] = [
  {
    ...ORDINARY,
    row: 25,
    name: 'the disk with Temporal’s database is full',
    touches: ['temporal', 'api', 'worker'],
    holds: [10_000, 20_000],
    inject: async ({ berth: { disk } }) => {
      disk.fill()
      return async () => disk.free()
    },
  },
  withoutFiles('worker', 'the worker'),
  withoutFiles('api', 'the API'),
  withoutFiles('temporal', 'Temporal'),
]
