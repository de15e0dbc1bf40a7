/**
 * @module
 * Samples of streams on their way from the worker to readers, small enough for a heartbeat. Pure.
 */
import type { StreamSample } from './views.js'

/** One stream's sample: id, time, peers, speeds down and up, bytes down and up, status. */
export type PackedSample = readonly [
  streamId: string,
  ts: number,
  peers: number | null,
  speedDown: number | null,
  speedUp: number | null,
  downloaded: number | null,
  uploaded: number | null,
  status: string | null,
]

/** Characters of all samples together. Temporal warns of a payload from 512 KiB on. */
const MOST_CHARACTERS = 200_000

/** As many samples as fit, in the order of the map. */
export function packSamples(samples: ReadonlyMap<string, StreamSample>): PackedSample[] {
  let length = 0
  return [...samples]
    .map(([id, one]): PackedSample => [id, one.ts, one.peers, one.speedDown, one.speedUp, one.downloaded, one.uploaded, one.status])
    .filter((packed) => (length += JSON.stringify(packed).length) <= MOST_CHARACTERS)
}

/** What `packSamples` made, as it came; what is not of that form is left out. */
export function unpackSamples(packed: unknown): Map<string, StreamSample> {
  const samples = new Map<string, StreamSample>()
  for (const one of Array.isArray(packed) ? packed : []) {
    const [id, ts, peers, speedDown, speedUp, downloaded, uploaded, status]: unknown[] = Array.isArray(one) ? one : []
    if (typeof id !== 'string' || typeof ts !== 'number') continue
    samples.set(id, {
      ts,
      peers: numberOf(peers),
      speedDown: numberOf(speedDown),
      speedUp: numberOf(speedUp),
      downloaded: numberOf(downloaded),
      uploaded: numberOf(uploaded),
      status: typeof status === 'string' ? status : null,
    })
  }
  return samples
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
