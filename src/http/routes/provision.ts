/**
 * @module
 * One engine more, answered as soon as its container is started.
 */
import type { Handler } from 'hono'
import { GenericProvisionBody, type GenericProvisioned } from '../../contracts/generic-provision.js'
import type { ProvisioningDetail } from '../../contracts/problem.js'
import { ProvisionBody, type Provisioned } from '../../contracts/provision.js'
import { BerthError, type FieldError } from '../../domain/errors.js'
import type { EngineView } from '../../domain/views.js'
import { reservedEnvironment, reservedLabel } from '../../engines/reserved.js'
import type { ControlPlane } from '../../temporal/control-plane.js'
import { type AppContext, type AppEnv, answer } from '../answer.js'
import { changeId, invalid, pointer, readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentable, ProvisioningError } from '../problem.js'
import { Redelivery } from '../redelivery.js'

/**
 * `POST /provision/acestream`: one engine more. An answer that could not be delivered is given to the next equal request of the same client.
 * Failures on our side carry the object under `detail` that clients of older orchestrators read.
 */
export function provisionEngine(given: Dependencies): Handler<AppEnv> {
  const provision = provisioner(given)
  return async (c) => {
    const body = await readBody(c, ProvisionBody)
    const { containerId, containerName, hostHttpPort, httpPort, httpsPort } = await provision(c, body)
    return answer<Provisioned>(c, 200, {
      container_id: containerId,
      container_name: containerName,
      host_http_port: hostHttpPort,
      container_http_port: httpPort,
      container_https_port: httpsPort,
    })
  }
}

/** `POST /provision`: the same for an image that is named. Only the configured one is run: a key to this API is no key to the whole host. */
export function provisionContainer(given: Dependencies): Handler<AppEnv> {
  const provision = provisioner(given)
  const allowed = given.config.engines.image ?? null
  return async (c) => {
    const { image, ports, ...body } = await readBody(c, GenericProvisionBody)
    if (image && image !== allowed) {
      const fix = allowed === null ? 'leave image out' : `leave image out, or send ${JSON.stringify(allowed)}`
      throw invalid([{ pointer: '/image', detail: `must be the image that engines are configured with: ${fix}` }])
    }
    const [wish = null] = Object.values(ports)
    const { containerId, containerName } = await provision(c, { ...body, host_port: wish })
    return answer<GenericProvisioned>(c, 200, { container_id: containerId, container_name: containerName })
  }
}

type Made = EngineView & { containerId: string; containerName: string }

function provisioner({ controlPlane, config, now }: Dependencies): (c: AppContext, body: ProvisionBody) => Promise<Made> {
  const managedKey = config.docker.managedLabel.key
  const undelivered = new Redelivery<Made>(now)

  async function carryOut(requestId: string, body: ProvisionBody): Promise<Made> {
    try {
      const engine = await controlPlane.provision({ requestId, labels: body.labels, environment: body.env, hostPort: body.host_port })
      if (engine.containerId !== null && engine.containerName !== null) return engine as Made
      throw new BerthError(
        'provisioning-failed',
        `the engine ${engine.engineId} lost its container at once; it is being made again: see GET /engines/${engine.engineId}`,
      )
    } catch (thrown) {
      const error = presentable(thrown)
      if (error.status < 500) throw error
      throw new ProvisioningError(error, provisioningDetail(error, await vpnIsDown(error, controlPlane)))
    }
  }

  /** It may have been removed since the client hung up. */
  async function isThere({ engineId }: Made): Promise<boolean> {
    const { engines } = (await controlPlane.snapshot(0)).fleet
    return engines.some((engine) => engine.engineId === engineId && engine.phase !== 'removing')
  }

  return async (c, body) => {
    const ours = reservedFields(body, managedKey)
    if (ours.length > 0) throw invalid(ours)
    const requestId = changeId(c)
    if (c.req.header('idempotency-key') !== undefined) return carryOut(requestId, body)
    const client = [c.get('caller')?.name ?? '', c.env?.incoming?.socket.remoteAddress ?? '', c.req.header('user-agent') ?? '']
    return undelivered.ask(JSON.stringify([client, body]), c.req.raw.signal, () => carryOut(requestId, body), isThere)
  }
}

/** Fields that name what Berth sets by itself. */
export function reservedFields(body: ProvisionBody, managedKey: string): FieldError[] {
  const detail = 'is set by Berth itself and cannot be chosen'
  const labels = Object.keys(body.labels).filter((name) => reservedLabel(name, managedKey))
  const environment = Object.keys(body.env).filter((name) => reservedEnvironment(name))
  return [
    ...labels.map((name) => ({ pointer: pointer(['labels', name]), detail })),
    ...environment.map((name) => ({ pointer: pointer(['env', name]), detail })),
  ]
}

function provisioningDetail(error: BerthError, vpnDown: boolean): ProvisioningDetail {
  const full = error.type === 'max-capacity'
  const code = full ? 'max_capacity' : vpnDown ? 'vpn_disconnected' : 'general_error'
  const unexpected = error.type === 'internal'
  return {
    error: code === 'general_error' ? 'provisioning_failed' : 'provisioning_blocked',
    code,
    message: error.message,
    recovery_eta_seconds:
      error.extra.retryAfterSeconds === undefined ? (code === 'vpn_disconnected' ? 60 : null) : Math.ceil(error.extra.retryAfterSeconds),
    can_retry: !unexpected,
    should_wait: !unexpected,
  }
}

/** Codes of failures that end when Gluetun is back. */
const VPN_CODES: ReadonlySet<string> = new Set(['vpn-missing', 'vpn-stopped', 'network-gone'])

/** By the failure's own code, else by what is known of the VPN; false when nobody can say. */
async function vpnIsDown(error: BerthError, controlPlane: ControlPlane): Promise<boolean> {
  if (error.extra.code !== undefined) return VPN_CODES.has(error.extra.code)
  try {
    const { vpn } = (await controlPlane.snapshot()).fleet
    return vpn.enabled && !vpn.connected
  } catch {
    return false
  }
}
