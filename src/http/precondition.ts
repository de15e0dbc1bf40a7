/**
 * @module
 * `ETag` and `If-Match` on the epoch of the lease: nobody hands over a port that has been handed over meanwhile.
 */
import { BerthError } from '../domain/errors.js'
import type { ControlPlane } from '../temporal/control-plane.js'
import type { AppContext, PlainHeaders } from './answer.js'
import { invalid } from './body.js'

/** Names the epoch that the answer shows. Other fields may change within an epoch. */
export function epochTag(lease: { epoch: number }): PlainHeaders {
  return { etag: `"epoch-${lease.epoch}"` }
}

/** RFC 9110: quoted tags between commas. */
const TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"'
const LIST = new RegExp(`^[ \\t,]*(?:${TAG}[ \\t]*(?:,[ \\t,]*|$))+$`)

/**
 * The epoch that the caller has seen by its `If-Match`, `null` when any will do.
 *
 * 1. Without the header, and with `*`, any epoch will do.
 * 2. The comparison is strong: a weak tag matches nothing, nor does a tag that is not one of the lease.
 * 3. Of several epochs that one counts which the lease is at now. One alone is not compared here: whoever changes the lease does that.
 */
export async function expectedEpoch(c: AppContext, controlPlane: Pick<ControlPlane, 'snapshot'>): Promise<number | null> {
  const header = c.req.header('if-match')?.trim()
  if (header === undefined || header === '*') return null
  if (!LIST.test(header))
    throw invalid([{ pointer: 'If-Match', detail: 'must be the ETag of GET /lease in its quotes, as "epoch-17", or *' }])
  const epochs = new Set(header.match(new RegExp(TAG, 'g'))?.flatMap(epochOf))
  const [only, ...others] = epochs
  if (only !== undefined && others.length === 0) return only
  const { epoch } = (await controlPlane.snapshot(0)).lease
  if (epochs.has(epoch)) return epoch
  throw new BerthError(
    'precondition-failed',
    `the lease is at epoch ${epoch}, which If-Match does not name: read GET /lease and decide anew`,
  )
}

function epochOf(tag: string): number[] {
  const digits = /^"epoch-(0|[1-9]\d{0,14})"$/.exec(tag)?.[1]
  return digits === undefined ? [] : [Number(digits)]
}
