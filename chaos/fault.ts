/**
 * @module
 * What a fault is, and what it is given to work with.
 */
import type { Api } from './api.js'
import type { BerthTree } from './berth-tree.js'
import type { Random } from './random.js'
import type { ContainerRuns } from './runs.js'
import type { WorldKind } from './docker-parts.js'
import type { World } from './world.js'

/** All that a fault may lay its hands on. */
export interface Target {
  world: World
  berth: BerthTree
  api: Api
  runs: ContainerRuns
  random: Random
  /** `key=value` of the managed-by label. */
  label: string
  /** Long campaigns have longer faults. */
  long: boolean
  /** The signal `forceElection`, so many times at once. */
  forceElection: (times: number) => Promise<void>
  /** The port rotates by timer this often, whatever Berth was started with; `null`: as it was started. */
  rotateEvery: (milliseconds: number | null) => Promise<void>
  /** Ends workflows of the pool, as a person may in the Temporal web UI. */
  terminate: (...workflows: ('lease' | 'fleet' | 'watch')[]) => Promise<void>
  /** Writes the histories of all workflows into a folder. */
  keepHistories: (folder: string) => Promise<void>
  say: (text: string) => void
  /** Counts something that the report is to tell of. */
  tally: (what: string, times?: number) => void
  /** Waits; ends early when the campaign is stopped. */
  wait: (milliseconds: number) => Promise<void>
}

export type Heal = () => Promise<void>

/** One way to hurt Berth. */
export interface Fault {
  /** Row of the fault matrix. */
  row: number
  name: string
  kinds: readonly WorldKind[]
  /** Faults that touch the same thing are not in force at the same time; `everything` is alone. */
  touches: readonly ('worker' | 'api' | 'temporal' | 'daemon' | 'gluetun' | 'containers' | 'second' | 'everything')[]
  /** How long it stays in force, in milliseconds. */
  holds: readonly [least: number, most: number]
  /** Time from its end until everything is well. */
  limitMs: number
  hidesPort: boolean
  /** Work rests while it is in force, and an election then is a violation. */
  calm?: boolean
  /** Puts it in force; resolves with how it is healed. Rejects when it could not be put in force, and then nothing is left of it. */
  inject(target: Target): Promise<Heal>
}

/** For faults that are over at once. */
export const NOTHING_TO_HEAL: Heal = async () => {}

export const BOTH: readonly WorldKind[] = ['simulator', 'docker']

/** Ordinary values, to be overridden. */
export const ORDINARY = { kinds: BOTH, touches: ['containers'], holds: [0, 500], limitMs: 60_000, hidesPort: true } as const
