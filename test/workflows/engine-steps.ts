/** What tests do with engine `a` of a pool. */
import { ApplicationFailure } from '@temporalio/common'
import type { Activities, ProvisionInput } from '../../activities/api.js'
import type { Provisioned } from '../../src/domain/engine.js'
import type { EnginePhase, EngineView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { container, eventually, type Pool, toldTo } from '../support/temporal.js'

type Fakes = Partial<Activities>

export const forwardedContainer = (containerId: string, epoch: number): Provisioned =>
  container(containerId, { forwarded: { epoch, p2pPort: 51_413 } })

/** Every provisioning gives the next of these; the last one is given again and again. */
export function provisioning(...steps: ((input: ProvisionInput) => Provisioned | Promise<Provisioned>)[]): Fakes {
  let taken = 0
  return {
    async provision(input) {
      const step = steps[Math.min(taken++, steps.length - 1)]
      if (!step) throw new Error('no step')
      return step(input)
    },
  }
}

/** Container `c1` with the port in epoch 3, then `c2` without it. */
export const forwardedThenNot = (): Fakes =>
  provisioning(
    () => forwardedContainer('c1', 3),
    () => container('c2'),
  )

export const failing = (type: string) => (): never => {
  throw ApplicationFailure.nonRetryable(`because of ${type}`, type)
}

/** Engine `a` of a pool with a stand-in for the fleet, with its first container. */
export async function startedEngine(pool: Pool): Promise<void> {
  await pool.standInFleet()
  await pool.startEngine('a')
  await phase(pool, 'starting')
}

export const phase = (pool: Pool, wanted: EnginePhase): Promise<EngineView> =>
  eventually(async () => {
    const view = await pool.engineView('a')
    return view.phase === wanted ? view : null
  })
export const lose = (pool: Pool, containerId: string, reason = 'died'): Promise<void> =>
  pool.engine('a').signal(messages.containerLost, { containerId, reason })
export const healthy = (pool: Pool, containerId: string, changes: Partial<messages.HealthReport> = {}): Promise<void> =>
  pool.engine('a').signal(messages.healthChanged, {
    containerId,
    health: 'healthy',
    version: '3.2.3',
    platform: 'linux',
    detail: null,
    replace: false,
    ...changes,
  })
export const has = (pool: Pool, containerId: string): Promise<EngineView> =>
  eventually(async () => {
    const view = await pool.engineView('a')
    return view.containerId === containerId && view.phase === 'starting' ? view : null
  })
export const lastTold = async (pool: Pool): Promise<EngineView | undefined> =>
  (await toldTo<EngineView>(pool.fleet, 'engineChanged')).at(-1)
