/**
 * @module
 * Asks an engine whether it answers.
 */
import { z } from 'zod'
import { askServerApi } from './server-api.js'

const statusReply = z.object({
  result: z.object({ version: z.object({ version: z.string().max(64).optional(), platform: z.string().max(64).optional() }).optional() }),
})

export interface ProbeResult {
  healthy: boolean
  version: string | null
  platform: string | null
  /** Why it is not healthy. */
  detail: string | null
}

/**
 * `get_status`: healthy is a JSON answer with a `result`.
 * Never rejects. Ends within `timeoutMs`.
 */
export async function probeEngine(address: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const failed = (detail: string): ProbeResult => ({ healthy: false, version: null, platform: null, detail })
  const where = `${address}:${port}`
  try {
    const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
    const parsed = statusReply.safeParse(await askServerApi({ address, port }, 'get_status', within))
    if (!parsed.success) return failed(`${where} answers get_status without a result.`)
    const { version, platform } = parsed.data.result.version ?? {}
    return { healthy: true, version: version ?? null, platform: platform ?? null, detail: null }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return failed(`${where} does not answer get_status within ${timeoutMs} ms.`)
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return failed(`${where} cannot be asked for get_status: ${cause}`)
  }
}
