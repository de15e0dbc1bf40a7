/**
 * @module
 * The bodies of the control server. Gluetun sends JSON as `text/plain`, so the content alone decides.
 * Shapes are those answered by v3.40.4, v3.41.1, v3.41.3 and the rolling image of August 2026.
 */
import { z } from 'zod'
import type { VpnReading } from './client.js'

const port = z.int().min(0).max(65535)

/** v3.41.1 and older send `port` for none or one and `ports` alone for several; newer ones send both. A Go nil slice is `null`. */
const portsAnswer = z
  .object({ port: port.optional(), ports: z.array(port).nullish() })
  .refine((answer) => answer.port !== undefined || answer.ports !== undefined)

const statusAnswer = z.object({ status: z.enum(['starting', 'running', 'stopping', 'stopped', 'crashed']) })

const place = z.string().nullish()
const publicIpAnswer = z.object({
  public_ip: z.union([z.literal(''), z.ipv4(), z.ipv6()]),
  country: place,
  region: place,
  city: place,
})

/** What a body said, or what it is instead, told without quoting it: it may echo a credential. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; instead: string }

/** Forwarded ports, sorted and distinct; 0 stands for none in Gluetun's words and is left out. */
export function parsePorts(body: string): Parsed<number[]> {
  const parsed = parse(portsAnswer, body, '"port" or "ports"')
  if (!parsed.ok) return parsed
  const all = new Set([...(parsed.value.ports ?? []), parsed.value.port ?? 0])
  all.delete(0)
  return { ok: true, value: [...all].sort((a, b) => a - b) }
}

export function parseStatus(body: string): Parsed<VpnReading['status']> {
  const parsed = parse(statusAnswer, body, 'a VPN status that Berth knows')
  return parsed.ok ? { ok: true, value: parsed.value.status } : parsed
}

export type PublicIp = Pick<VpnReading, 'publicIp' | 'country' | 'region' | 'city'>

/** Empty text stands for "not known". */
export function parsePublicIp(body: string): Parsed<PublicIp> {
  const parsed = parse(publicIpAnswer, body, 'a public IP address')
  if (!parsed.ok) return parsed
  const { public_ip, country, region, city } = parsed.value
  return { ok: true, value: { publicIp: public_ip || null, country: country || null, region: region || null, city: city || null } }
}

function parse<T>(schema: z.ZodType<T>, body: string, wanted: string): Parsed<T> {
  const text = body.trim()
  if (text === '') return { ok: false, instead: 'with an empty body' }
  if (text.startsWith('<')) return { ok: false, instead: 'with a web page' }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, instead: /^[[{]/.test(text) ? 'with JSON that is cut off or broken' : 'with text that is not JSON' }
  }
  const checked = schema.safeParse(json)
  return checked.success ? { ok: true, value: checked.data } : { ok: false, instead: `with JSON that does not hold ${wanted}` }
}
