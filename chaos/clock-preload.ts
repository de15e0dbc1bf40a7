/**
 * @module
 * Loaded before everything else by a Node process under attack: its `Date` is wrong by as many seconds as a file says, from a tenth of a second after the file
 * says so. What counts durations (`performance`, timers) stays right, as when a real clock is set.
 */
import { readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 100
const file = process.env.CHAOS_CLOCK_FILE
const Right = Date
let wrongBy = 0

function look(): void {
  try {
    const seconds = Number(readFileSync(file ?? '', 'utf8'))
    if (Number.isFinite(seconds)) wrongBy = seconds * 1000
  } catch {
    // It is being written, or there are no file descriptors left: as before.
  }
}

function shifted(): number {
  return Right.now() + wrongBy
}

if (file !== undefined) {
  look()
  setInterval(look, LOOK_EVERY_MS).unref()
  globalThis.Date = new Proxy(Right, {
    apply: () => new Right(shifted()).toString(),
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [shifted()] : given, made) as Date,
    get: (target, name, receiver) => (name === 'now' ? shifted : (Reflect.get(target, name, receiver) as unknown)),
  })
}
