/**
 * @module
 * Saying who is forwarded.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/environment.js'
import { shown } from './addresses.js'

/** The first answers of a worker that has just started may take as long. Milliseconds. */
const SETTLE_MS = 1_500

/** Says who is forwarded when that was so before this start: a new one is told by the worker. */
export async function sayForwarded(config: Config, say: (text: string) => void, done: () => boolean): Promise<void> {
  if (config.gluetun.containerName === null) return say('berth: no VPN is configured (GLUETUN_CONTAINER_NAME), so no engine is forwarded')
  await delay(SETTLE_MS)
  let explained = false
  for (let attempt = 0; attempt < 240 && !done(); attempt++) {
    await delay(500)
    const lease = await leaseOf(config).catch(() => null)
    if (lease?.holder?.phase === 'active') {
      if (attempt === 0)
        say(`berth: forwarded is engine ${lease.holder.engine_id} on port ${lease.holder.port} (epoch ${lease.holder.epoch})`)
      return
    }
    if (!explained && attempt > 10 && lease?.condition) {
      explained = true
      say(`berth: nobody is forwarded yet: ${lease.condition.detail}`)
    }
  }
}

async function leaseOf(config: Config): Promise<{
  holder: { engine_id: string; port: number; epoch: number; phase: string } | null
  condition: { detail: string } | null
} | null> {
  const response = await fetch(`http://${shown(config.http.host)}:${config.http.port}/lease`, { signal: AbortSignal.timeout(2_000) })
  return response.ok ? ((await response.json()) as Awaited<ReturnType<typeof leaseOf>>) : null
}
