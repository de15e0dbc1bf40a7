/**
 * @module
 * Making an engine's container: asks the lease, creates, is cleared, starts by id.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineInput, Provisioned } from '../src/domain/engine.js'
import type { Denial, Grant, LeaseAnswer } from '../src/domain/lease-state.js'
import { engineIdOf } from '../src/domain/reconcile.js'
import { type ContainerRuntime, type EngineNetwork, type EngineSpec, type ManagedContainer, RuntimeError } from '../src/docker/runtime.js'
import type { ProvisionInput } from './api.js'
import { fenceEpoch, type LeaseScope } from './fence.js'
import { foreignHolder } from './lease-conflict.js'
import type { LeaseClient } from './lease-client.js'
import type { VpnLocator } from './vpn-locator.js'

/** What the worker's configuration says of every engine. */
export interface EngineSettings {
  image: string
  variant: string
  namePrefix: string
  /** What clients dial; `null`: Gluetun's container name, or localhost without Gluetun. */
  host: string | null
  /** Docker network of engines without Gluetun, `null` for Docker's default bridge. */
  network: string | null
  /** Host address on which their HTTP ports are published without Gluetun. */
  publishAddress: string
}

export interface ProvisionDeps {
  runtime: ContainerRuntime
  lease: LeaseClient
  vpn: VpnLocator
  settings: EngineSettings
  /** Called between steps; throws when the attempt is to stop. */
  checkpoint: (step: string) => void
}

/** A failure that is reported to the workflow at once; `code` is a `Problem` code. */
export class ProvisionFailure extends Error {
  override readonly name = 'ProvisionFailure'
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** How long an inspect of Gluetun serves. The watcher makes a new one every 10 s and at each of its events; a wrong id is found out at start. */
const VPN_AGE_MS = 20_000
/** A lease that has just started lists the labelled containers first: waited for this long. */
const RECOVERY_WAIT_MS = 5_000
/** At the first start the VPN's port is known a moment after the engines are asked for: waited for this long, so that none is made twice. */
const FIRST_PORT_WAIT_MS = 2_000

/**
 * Leaves exactly one started container of the engine.
 *
 * 1. Forwarded only if the lease granted an epoch, created under the fixed name before `confirm`, started by id after it.
 * 2. An epoch that the engine held is handed back first: `revoke`, every container of it seen gone, `ended`.
 * 3. Safe to repeat after being cut off at any line: what an earlier attempt made is adopted when it fits, removed when it does not.
 * 4. Refused by the lease, it removes only what it created itself.
 * 5. It never starts beside a forwarded container of another Berth that shares the VPN: of two that create one at once at least one gives way.
 * 6. Every other container of this engine is removed before the new one starts: they would share its HTTP port.
 */
export async function provisionEngine(input: ProvisionInput, deps: ProvisionDeps): Promise<Provisioned> {
  const { engine } = input
  const scope: LeaseScope = { pool: engine.pool, index: 0 }
  await deps.runtime.ensureImage(deps.settings.image)
  deps.checkpoint('image')
  const network = await networkOf(engine, deps)

  let answer =
    input.epoch === null ? await firstAnswer(input, deps) : await handBack(input, input.epoch, input.reason ?? 'lost', scope, deps)
  for (let attempt = 0; attempt < 3; attempt++) {
    deps.checkpoint('lease answered')
    if (answer.kind === 'denied' && answer.reason === 'recovering') {
      throw new ProvisionFailure('lease-recovering', 'The lease is listing the labelled containers; asked again shortly.')
    }
    if (answer.kind === 'denied' && answer.holder?.engineId === engine.engineId) {
      answer = await handBack(input, answer.holder.epoch, input.reason ?? 'restarted', scope, deps)
      continue
    }
    if (answer.kind === 'denied') {
      const kept = input.nominated ? await keep(input, deps) : null
      return kept ?? (await makeFollower(input, network, deps))
    }
    const made = await makeForwarded(input, answer, network, scope, deps)
    if (made !== null) return made
    answer = await handBack(input, answer.epoch, 'not-started', scope, deps)
  }
  throw new ProvisionFailure('conflict', 'The lease changed three times while the container was being made; tried again shortly.')
}

async function firstAnswer(input: ProvisionInput, deps: ProvisionDeps): Promise<Grant | Denial> {
  if (input.follower) return { kind: 'denied', reason: 'reserved', holder: (await deps.lease.view()).holder }
  const began = performance.now()
  while (true) {
    const answer = asGrantOrDenial(await deps.lease.acquire({ engineId: input.engine.engineId, nominated: input.nominated }))
    const waited = performance.now() - began
    const mayChange =
      answer.kind === 'denied' &&
      ((answer.reason === 'recovering' && waited < RECOVERY_WAIT_MS) ||
        (answer.reason === 'no-port' && waited < FIRST_PORT_WAIT_MS && (await isPortUnheard(deps.lease))))
    if (!mayChange) return answer
    deps.checkpoint('the lease does not know enough yet')
    await delay(50)
  }
}

/** Nobody has told the lease yet what the VPN forwards: it has only just started. */
async function isPortUnheard(lease: LeaseClient): Promise<boolean> {
  return (await lease.view()).portGeneration.session === 0
}

/**
 * Ends an epoch of this engine, with proof, and asks for the next one in the same message. An epoch that was not revoked now (it is over, or the
 * lease started anew and has not come to it) is not ended either: what was seen before its revocation would prove nothing.
 */
async function handBack(
  input: ProvisionInput,
  epoch: number,
  reason: string,
  scope: LeaseScope,
  deps: ProvisionDeps,
): Promise<Grant | Denial> {
  const { engineId } = input.engine
  const revoked = await deps.lease.revoke({ epoch, reason, by: engineId })
  deps.checkpoint('revoked')
  await fenceEpoch(deps.runtime, scope, epoch, deps.checkpoint)
  deps.checkpoint('seen gone')
  if (revoked.kind !== 'revoking') return firstAnswer(input, deps)
  const answer = await deps.lease.ended({ epoch, request: input.follower ? null : { engineId, nominated: input.nominated } })
  if (answer.kind === 'ended') return answer.next ?? { kind: 'denied', reason: 'reserved', holder: null }
  throw new ProvisionFailure('conflict', `The lease did not take the end of epoch ${epoch}: ${describe(answer)}`)
}

/**
 * `null`: this epoch cannot be started, and what was made for it is removed or will be by the hand-back.
 */
async function makeForwarded(
  input: ProvisionInput,
  grant: Grant,
  network: EngineNetwork,
  scope: LeaseScope,
  deps: ProvisionDeps,
): Promise<Provisioned | null> {
  const { runtime, lease, settings } = deps
  const { engine } = input
  const spec: EngineSpec = {
    ...specOf(engine, forwardedName(settings.namePrefix, scope), network, settings),
    forwarded: { index: scope.index, epoch: grant.epoch, p2pPort: grant.port },
  }
  if (grant.phase === 'active') {
    const cleared = grant.containerId === null ? null : await runtime.inspect(grant.containerId)
    if (cleared?.state === 'running' && cleared.id !== input.containerId) return started(spec, cleared.id, network, settings)
    if (cleared?.state !== 'created') return null
    if (await yieldsToRival(cleared.id, deps)) return null
    return (await startById(cleared.id, deps)) ? started(spec, cleared.id, network, settings) : null
  }
  await removeThose(engine, runtime, (container) => !container.engine.forwarded)
  deps.checkpoint('own containers removed')
  const created = await createForwarded(spec, grant.epoch, scope, deps)
  deps.checkpoint('created')
  const [cleared, yields] = await Promise.all([
    lease.confirm({ engineId: engine.engineId, epoch: grant.epoch, containerId: created.id }),
    yieldsToRival(created.id, deps),
  ])
  deps.checkpoint('confirmed')
  if (yields) return null
  if (cleared.kind !== 'confirmed') {
    if (!created.adopted) await runtime.remove(created.id)
    return null
  }
  return (await startById(created.id, deps)) ? started(spec, created.id, network, settings) : null
}

/** Whether another Berth holds the port, or is about to: then the lease is told and this container, not started yet, is removed. */
async function yieldsToRival(containerId: string, { runtime, lease, vpn }: ProvisionDeps): Promise<boolean> {
  const rival = await foreignHolder(runtime, vpn)
  if (rival === null) return false
  await lease.conflict(rival)
  await runtime.remove(containerId)
  return true
}

/** Creates under the fixed name, which is Docker's own lock. */
async function createForwarded(
  spec: EngineSpec,
  epoch: number,
  scope: LeaseScope,
  { runtime, checkpoint }: ProvisionDeps,
): Promise<{ id: string; adopted: boolean }> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return { id: await runtime.create(spec), adopted: false }
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'name-taken') throw error
    }
    checkpoint('name taken')
    const other = await runtime.inspect(spec.name)
    if (other === null) continue
    if (!other.managed || !isOurs(other, scope)) {
      throw new ProvisionFailure(
        'lease-conflict',
        `The name ${spec.name} is taken by a container that is not Berth's (${other.id.slice(0, 12)}): remove or rename it, or set BERTH_NAME_PREFIX.`,
      )
    }
    const theirs = other.engine.epoch ?? 0
    if (theirs === epoch && other.engine.engineId === spec.engineId) return { id: other.id, adopted: true }
    if (theirs >= epoch) {
      throw new ProvisionFailure(
        'conflict',
        `The name ${spec.name} belongs to epoch ${theirs}, newer than ${epoch}: this attempt is too late.`,
      )
    }
    await runtime.remove(other.id)
  }
  throw new ProvisionFailure('name-taken', `The name ${spec.name} could not be had in five tries.`)
}

function isOurs(container: ManagedContainer, scope: LeaseScope): boolean {
  return container.engine.forwarded && (container.engine.pool ?? scope.pool) === scope.pool && container.engine.index === scope.index
}

async function makeFollower(input: ProvisionInput, network: EngineNetwork, deps: ProvisionDeps): Promise<Provisioned> {
  const { runtime, settings } = deps
  const { engine } = input
  const spec = specOf(engine, `${settings.namePrefix}-${engine.engineId}`, network, settings)
  await removeThose(engine, runtime, (container) => container.id === input.containerId)
  for (let attempt = 0; attempt < 5; attempt++) {
    deps.checkpoint('creating follower')
    let id: string
    try {
      id = await runtime.create(spec)
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'name-taken') throw error
      const other = await runtime.inspect(spec.name)
      if (other === null) continue
      if (!other.managed || other.engine.engineId !== engine.engineId) {
        throw new ProvisionFailure(
          'name-taken',
          `The name ${spec.name} is taken by a container that is not Berth's (${other.id.slice(0, 12)}): remove or rename it, or set BERTH_NAME_PREFIX.`,
        )
      }
      const usable =
        (other.state === 'created' || other.state === 'running') && other.id !== input.containerId && sharesNetwork(other, network)
      if (!usable) {
        await runtime.remove(other.id)
        continue
      }
      id = other.id
    }
    deps.checkpoint('follower created')
    if (await startById(id, deps)) return started(spec, id, network, settings)
  }
  throw new ProvisionFailure('conflict', `Container ${spec.name} vanished five times before it could be started.`)
}

/** The nominated engine goes on as it is when the lease says no. */
async function keep(input: ProvisionInput, { runtime, settings, vpn }: ProvisionDeps): Promise<Provisioned | null> {
  const present = input.containerId === null ? null : await runtime.inspect(input.containerId)
  if (present?.state !== 'running') return null
  return {
    outcome: 'kept',
    containerId: present.id,
    containerName: present.name,
    image: present.image,
    variant: present.engine.variant ?? settings.variant,
    host: hostOf(settings, vpn.name),
    vpnContainer: vpn.name,
    forwarded: null,
  }
}

async function removeThose(engine: EngineInput, runtime: ContainerRuntime, which: (container: ManagedContainer) => boolean): Promise<void> {
  const { engineId, adopt } = engine
  // An adopted container may bear no engine id: older orchestrators wrote none.
  const own = adopt ? (await runtime.list()).filter((container) => engineIdOf(container) === engineId) : await runtime.list({ engineId })
  const found = own.filter(which)
  await Promise.all(found.map((container) => runtime.remove(container.id)))
}

/** `false`: it was removed meanwhile. */
async function startById(containerId: string, { runtime, checkpoint }: ProvisionDeps): Promise<boolean> {
  try {
    await runtime.start(containerId)
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'no-such-container') return false
    throw error
  }
  checkpoint('started')
  return true
}

async function networkOf(engine: EngineInput, { vpn, settings }: ProvisionDeps): Promise<EngineNetwork> {
  if (vpn.name === null) {
    return { kind: 'bridge', name: settings.network, hostHttpPort: engine.hostHttpPort, hostAddress: settings.publishAddress }
  }
  let container = await vpn.find(VPN_AGE_MS)
  if (!container?.running) container = await vpn.find(0)
  if (container === null) {
    throw new ProvisionFailure(
      'vpn-missing',
      `There is no container ${vpn.name}: start Gluetun, or set GLUETUN_CONTAINER_NAME to its name.`,
    )
  }
  if (!container.running) throw new ProvisionFailure('vpn-missing', `Container ${vpn.name} does not run: engines wait for it.`)
  return { kind: 'container', containerId: container.id, containerName: container.name }
}

function sharesNetwork(container: ManagedContainer, network: EngineNetwork): boolean {
  return network.kind === 'bridge' || container.networkMode === `container:${network.containerId}`
}

function specOf(engine: EngineInput, name: string, network: EngineNetwork, settings: EngineSettings): EngineSpec {
  return {
    name,
    image: settings.image,
    variant: settings.variant,
    engineId: engine.engineId,
    pool: engine.pool,
    httpPort: engine.httpPort,
    httpsPort: engine.httpsPort,
    network,
    forwarded: null,
    labels: engine.labels,
    environment: engine.environment,
  }
}

function started(spec: EngineSpec, containerId: string, network: EngineNetwork, settings: EngineSettings): Provisioned {
  return {
    outcome: 'started',
    containerId,
    containerName: spec.name,
    image: spec.image,
    variant: spec.variant,
    host: hostOf(settings, network.kind === 'container' ? network.containerName : null),
    vpnContainer: network.kind === 'container' ? network.containerName : null,
    forwarded: spec.forwarded && { epoch: spec.forwarded.epoch, p2pPort: spec.forwarded.p2pPort },
  }
}

/** What clients dial: the setting, else Gluetun's container name, else this host. */
export function hostOf(settings: Pick<EngineSettings, 'host'>, vpnContainer: string | null): string {
  return settings.host ?? vpnContainer ?? 'localhost'
}

/** The fixed name of a lease's container. */
export function forwardedName(prefix: string, scope: LeaseScope): string {
  return scope.pool === 'default' && scope.index === 0 ? `${prefix}-forwarded` : `${prefix}-forwarded-${scope.pool}-${scope.index}`
}

function asGrantOrDenial(answer: LeaseAnswer): Grant | Denial {
  if (answer.kind === 'granted' || answer.kind === 'denied') return answer
  throw new ProvisionFailure('conflict', `The lease gave no answer to acquire: ${describe(answer)}`)
}

function describe(answer: LeaseAnswer): string {
  return answer.kind === 'refused' ? answer.message : answer.kind
}
