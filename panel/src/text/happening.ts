/**
 * @module
 * What happened, in a sentence: an event carries the new state only, so the one before it says what is different.
 */
import type { EngineState, Fleet, Lease, Vpn } from '../api/contracts.js'
import type { Happening } from '../live/caches.js'
import { bytes, count } from './amount.js'
import { engineName } from './engine-name.js'
import { engineState } from './engine-state.js'
import { p2pChange } from './p2p.js'
import { streamName } from './stream-name.js'

/** All of them, the newest first, each with what is different since the one before it about the same. */
export function tellAll(happenings: readonly Happening[]): { happening: Happening; text: string | null }[] {
  const latest = new Map<string, Happening>()
  return happenings
    .toReversed()
    .map((happening) => {
      const subject = subjectOf(happening)
      const text = tell(happening, latest.get(subject))
      latest.set(subject, happening)
      return { happening, text }
    })
    .reverse()
}

/** What it is about: an engine or a stream by its id, else its kind. */
export function subjectOf(happening: Happening): string {
  switch (happening.type) {
    case 'engine.changed':
    case 'engine.removed':
      return happening.data.engine_id
    case 'stream.started':
    case 'stream.changed':
    case 'stream.ended':
      return happening.data.id
    case 'lease.changed':
      return 'lease'
    case 'vpn.changed':
      return 'vpn'
    case 'fleet.changed':
      return 'fleet'
  }
}

/** `null`: nothing that anybody would want to read. */
function tell(happening: Happening, before: Happening | undefined): string | null {
  switch (happening.type) {
    case 'engine.changed':
      return engine(happening.data, before?.type === 'engine.changed' ? before.data : undefined)
    case 'engine.removed':
      return `engine ${engineName(happening.data.engine_id)} is gone`
    case 'lease.changed':
      return lease(happening.data, before?.type === 'lease.changed' ? before.data : undefined)
    case 'stream.started':
      return `${streamName(happening.data)} started`
    case 'stream.changed':
      return null
    case 'stream.ended':
      return `${streamName(happening.data)} ended${happening.data.downloaded === null ? '' : `, ${bytes(happening.data.downloaded)} came down`}`
    case 'vpn.changed':
      return vpn(happening.data, before?.type === 'vpn.changed' ? before.data : undefined)
    case 'fleet.changed':
      return fleet(happening.data, before?.type === 'fleet.changed' ? before.data : undefined)
  }
}

function engine(now: EngineState, before: EngineState | undefined): string | null {
  const state = engineState(now).text.toLowerCase()
  const parts = [
    before !== undefined && engineState(before).text.toLowerCase() === state ? null : `is ${state}`,
    now.forwarded === before?.forwarded
      ? null
      : now.forwarded
        ? `is forwarded on port ${now.forwarded_port}`
        : before && 'is no longer forwarded',
    before === undefined || now.streams.length === before.streams.length ? null : `plays ${count(now.streams.length, 'stream')}`,
    before === undefined || now.losses <= before.losses ? null : 'lost its container',
    before === undefined ? null : p2pChange(now, before),
    now.problem === null || now.problem.code === before?.problem?.code ? null : `${now.problem.code}: ${now.problem.detail}`,
  ].filter((part) => part)
  return parts.length === 0 ? null : parts.join(', ')
}

function lease(now: Lease, before: Lease | undefined): string {
  const { holder, condition } = now
  const who = (id: string): string => `engine ${engineName(id)}`
  const parts = [
    holder === null
      ? 'nobody holds the port'
      : {
          granted: `${who(holder.engine_id)} is to take port ${holder.port}`,
          active: `${who(holder.engine_id)} holds port ${holder.port}`,
          revoking: `${who(holder.engine_id)} gives port ${holder.port} back`,
        }[holder.phase],
    now.epoch === before?.epoch ? null : `epoch ${now.epoch}`,
    now.preferred === (before?.preferred ?? null)
      ? null
      : now.preferred === null
        ? 'nobody is named any more'
        : `${who(now.preferred)} is named`,
    condition === null ? before?.condition && `${before.condition.code} is over` : condition.code,
  ].filter((part) => part)
  return parts.join(', ')
}

function vpn(now: Vpn, before: Vpn | undefined): string {
  const parts = [
    now.connected ? 'connected' : 'not connected',
    now.public_ip === before?.public_ip && before !== undefined ? null : now.public_ip && `address ${now.public_ip}`,
    now.forwarded_port === null ? 'no forwarded port' : `port ${now.forwarded_port}`,
    now.problem?.code,
  ].filter((part) => part)
  return parts.join(', ')
}

function fleet(now: Fleet, before: Fleet | undefined): string | null {
  const text = fleetText(now, now.wanted)
  if (before === undefined) return text
  if (before.wanted !== now.wanted) return fleetText(now, `${now.wanted} instead of ${before.wanted}`)
  return fleetText(before, before.wanted) === text ? null : text
}

function fleetText({ engines: { running, healthy, free }, docker }: Fleet, wanted: number | string): string {
  return `${running} of ${wanted} wanted engines run, ${healthy} healthy, ${free} free${docker.reachable ? '' : ', Docker does not answer'}`
}
