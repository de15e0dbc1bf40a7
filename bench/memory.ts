/**
 * @module
 * What Berth's processes occupy at rest, and how long a second start takes.
 */
import { type Berth, PARTS, START_SCRIPT } from './berth.js'
import { atMost, table, type Verdict } from './figures.js'
import { residentMiB } from './process-facts.js'

const ENGINES = 3
const READY_WITHIN_S = 10

/** Reads the resident memory of each process, then stops Berth and starts it again as `npm start` does. */
export async function memoryAndRestart(berth: Berth): Promise<Verdict[]> {
  console.log(`\nMemory at rest with ${ENGINES} engines, and a second start`)
  await berth.settled(ENGINES)
  await berth.quiet()
  const processes = berth.processes()
  const resident = PARTS.map((part) => ({ part, mib: residentMiB(processes.get(part) ?? 0) ?? 0 }))
  const total = resident.reduce((sum, { mib }) => sum + mib, 0)
  console.log(
    table(
      ['process', 'RSS'],
      [...resident.map(({ part, mib }) => [part, `${mib.toFixed(0)} MiB`]), ['together', `${total.toFixed(0)} MiB`]],
    ),
  )
  await berth.stop()
  const began = performance.now()
  const ready = (await berth.start([START_SCRIPT])) / 1000
  await berth.settled(ENGINES)
  const settled = (performance.now() - began) / 1000
  console.log(
    `  Second \`npm start\`: ready after ${seconds(ready)}, the same ${ENGINES} engines healthy and one forwarded after ${seconds(settled)}.`,
  )
  return [atMost('second start: ready', ready, READY_WITHIN_S, seconds)]
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`
}
