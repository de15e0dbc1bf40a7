/**
 * @module
 * The activities of one pool's worker, over what it is given.
 */
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { type ContainerRuntime, RuntimeError } from '../src/docker/runtime.js'
import type { LogLine } from '../src/domain/views.js'
import type { GluetunClient } from '../src/gluetun/client.js'
import { untilAnswers } from './answer.js'
import type { Activities } from './api.js'
import type { Failpoint } from './failpoint.js'
import { fenceEpoch } from './fence.js'
import type { InFlight } from './in-flight.js'
import { createLeaseClient } from './lease-client.js'
import { type EngineSettings, hostOf, ProvisionFailure, provisionEngine } from './provision.js'
import { retireEngine } from './retire.js'
import { startEngineWorkflows } from './start-engines.js'
import { surveyForwarded } from './survey.js'
import { tellWorkflow } from './tell-workflow.js'
import { createVpnLocator } from './vpn-locator.js'
import { createPoolFacts } from './watch/facts.js'
import type { HealthOptions } from './watch/health.js'
import { probeEngine } from './watch/probe.js'
import { watch } from './watch/watcher.js'

/** Everything that the activities reach outside with. */
export interface ActivityDeps {
  pool: string
  client: Client
  runtime: ContainerRuntime
  /** Name of the Gluetun container, `null` without a VPN. */
  vpnContainer: string | null
  /** Makes the client once the address of Gluetun can be looked up. */
  gluetun: ((address: () => string | null) => GluetunClient) | null
  settings: EngineSettings
  health: HealthOptions
  /** How often each playing stream's statistics are asked for. Milliseconds. */
  collectEveryMs: number
  portLossGraceMs: number
  /** The reconciler removes nothing and says what it would remove. */
  dryRun: boolean
  /** `null` outside tests. */
  failpoint: Failpoint | null
  logger: Logger
  /** What a worker that is to stop lets end first. */
  inFlight: InFlight
  /** Aborts when the worker is asked to stop: the watcher never ends by itself in time. */
  stopping: AbortSignal
  /** Told of each engine that was started with the forwarded port. */
  onForwarded: (forwarded: { engineId: string; containerName: string; port: number; epoch: number }) => void
}

const BEAT_EVERY_MS = 500
/**
 * A hand-over or a replacement ends with the engine's first answer, or without it after this long. A new engine without the port is told of as soon as it is
 * started: whoever asked for it waits for that.
 */
const FIRST_ANSWER_MS = 1_500
/** How long a survey waits for Gluetun, and for an engine's answer. */
const SURVEY_PATIENCE_MS = 2_000
/** The watching activity ends by itself after this long, so that its workflow continues as new. */
const WATCH_FOR_MS = 12 * 60 * 60 * 1000

/** What goes into a history is bounded. */
const MOST_LOG_CHARACTERS = 200_000

/** The activities of `activities/api.ts`. */
export function createActivities(deps: ActivityDeps): Activities {
  const { pool, client, runtime, settings, logger } = deps
  const lease = createLeaseClient(client, pool, 0)
  const vpn = createVpnLocator(runtime, deps.vpnContainer)
  const gluetun = deps.gluetun?.(() => vpn.last()?.address ?? null) ?? null

  return {
    async provision(input) {
      const made = await beating(deps, async (checkpoint) => {
        const result = await provisionEngine(input, { runtime, lease, vpn, settings, checkpoint })
        if (result.outcome === 'kept') return result
        const startedAt = Date.now()
        const address = result.vpnContainer === null ? null : (vpn.last()?.address ?? null)
        const isAwaited = result.forwarded !== null || input.containerId !== null
        if (isAwaited && address !== null) await untilAnswers(address, input.engine.httpPort, FIRST_ANSWER_MS)
        return { ...result, startedAt }
      })
      const { containerName, forwarded } = made
      if (forwarded) deps.onForwarded({ engineId: input.engine.engineId, containerName, port: forwarded.p2pPort, epoch: forwarded.epoch })
      return made
    },

    async retire(input) {
      await beating(deps, (checkpoint) => retireEngine(input, { runtime, lease, checkpoint }))
    },

    async survey(scope) {
      return beating(deps, () =>
        surveyForwarded(scope, {
          runtime,
          vpn,
          forwardedPort: async () => {
            const reading = await gluetun?.readPorts(AbortSignal.timeout(SURVEY_PATIENCE_MS)).catch(() => null)
            return reading?.ports?.[scope.index] ?? null
          },
          answers: async ({ engine: { httpPort }, networkMode, address }) => {
            const where = networkMode.startsWith('container:') ? (vpn.last()?.address ?? null) : address
            if (httpPort === null || where === null) return false
            return (await probeEngine(where, httpPort, SURVEY_PATIENCE_MS, cancellationSignal())).healthy
          },
        }),
      )
    },

    async fence({ pool: ofPool, index, epoch }) {
      await beating(deps, (checkpoint) => fenceEpoch(runtime, { pool: ofPool, index }, epoch, checkpoint))
    },

    async removeForwarded({ containerIds }) {
      if (deps.dryRun) {
        logger.warn({ code: 'RECONCILE-01', containerIds }, 'RECONCILE_DRY_RUN: these forwarded containers would be removed')
        return 'held'
      }
      await beating(deps, () => Promise.all(containerIds.map((id) => runtime.remove(id))))
      return 'removed'
    },

    async readLogs({ containerId, tail }) {
      return newestWithin(await runtime.logs(containerId, tail), MOST_LOG_CHARACTERS)
    },

    async readEnvironment({ containerId }) {
      return runtime.environment(containerId)
    },

    async tellWorkflow(input) {
      await tellWorkflow(client, input)
    },

    async startEngines({ engines }) {
      await startEngineWorkflows(client, engines)
    },

    async watchPool() {
      const signal = AbortSignal.any([cancellationSignal(), deps.stopping, AbortSignal.timeout(WATCH_FOR_MS)])
      await watch(
        {
          pool,
          runtime,
          vpn,
          gluetun,
          facts: createPoolFacts(client, pool),
          logger,
          health: deps.health,
          collectEveryMs: deps.collectEveryMs,
          portLossGraceMs: deps.portLossGraceMs,
          dryRun: deps.dryRun,
          hostOf: (vpnContainer) => hostOf(settings, vpnContainer),
          onBeat: heartbeat,
        },
        signal,
      )
      if (cancellationSignal().aborted) throw new CancelledFailure('watching was cancelled')
      if (deps.stopping.aborted) throw ApplicationFailure.create({ message: 'the worker stops', type: 'worker-stopping' })
    },
  }
}

function newestWithin(lines: readonly LogLine[], characters: number): LogLine[] {
  let left = characters
  const from = lines.findLastIndex(({ text }) => (left -= text.length) < 0)
  return lines.slice(from + 1)
}

/**
 * Runs one activity with a heartbeat. `checkpoint` ends the attempt when it was cancelled or has timed out. Failures of Docker and of
 * provisioning go to the workflow at once with their code as type; all else is retried by the activity's policy.
 */
async function beating<T>(
  { failpoint, inFlight }: Pick<ActivityDeps, 'failpoint' | 'inFlight'>,
  run: (checkpoint: (step: string) => void) => Promise<T>,
): Promise<T> {
  let step = 'begun'
  const beat = setInterval(() => heartbeat({ step }), BEAT_EVERY_MS)
  try {
    return await inFlight.track(() =>
      run((reached) => {
        step = reached
        heartbeat({ step })
        failpoint?.(reached)
        const signal = cancellationSignal()
        if (signal.aborted) throw new CancelledFailure(`stopped at: ${reached}`)
      }),
    )
  } catch (error) {
    if (error instanceof ProvisionFailure) throw ApplicationFailure.nonRetryable(error.message, error.code)
    if (error instanceof RuntimeError && activityInfo().activityType === 'provision')
      throw ApplicationFailure.nonRetryable(error.message, error.code)
    throw error
  } finally {
    clearInterval(beat)
  }
}
