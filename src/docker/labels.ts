/**
 * @module
 * Reads our labels from any container. Labels are untrusted input: anybody who may create a container can write what they like into them.
 */
import { LABEL } from '../domain/labels.js'
import type { EngineLabels } from './runtime.js'

const MAX_LABELS = 200
const MAX_KEY_LENGTH = 256
const MAX_VALUE_LENGTH = 4096

const ENGINE_ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/
const POOL = /^[a-z0-9-]{1,32}$/
/** The form of `BERTH_INSTANCE`. */
const INSTANCE = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/
const VARIANT = /^[a-z0-9-]{1,64}$/
const WHOLE_NUMBER = /^(0|[1-9]\d{0,15})$/

/** What our labels say. A field that is absent, oversized or not exactly of its form is `null`; the index is then 0. */
export function parseEngineLabels(labels: Readonly<Record<string, string>>): EngineLabels {
  const text = (name: string, form: RegExp) => {
    const value = own(labels, name)
    return value !== null && form.test(value) ? value : null
  }
  const number = (name: string, least: number, most: number) => {
    const digits = text(name, WHOLE_NUMBER)
    const value = digits === null ? Number.NaN : Number(digits)
    return value >= least && value <= most ? value : null
  }
  const port = (name: string) => number(name, 1, 65_535)
  return {
    engineId: text(LABEL.engineId, ENGINE_ID),
    pool: text(LABEL.pool, POOL),
    instance: text(LABEL.instance, INSTANCE),
    httpPort: port(LABEL.httpPort),
    httpsPort: port(LABEL.httpsPort),
    hostHttpPort: port(LABEL.hostHttpPort),
    variant: text(LABEL.variant, VARIANT),
    forwarded: own(labels, LABEL.forwarded) === 'true',
    epoch: number(LABEL.epoch, 0, Number.MAX_SAFE_INTEGER),
    index: number(LABEL.index, 0, 65_535) ?? 0,
    p2pPort: port(LABEL.p2pPort),
  }
}

/** The labels without oversized ones, and at most 200: they travel into workflow state. */
export function boundedLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(labels).filter(([key, value]) => key.length <= MAX_KEY_LENGTH && value.length <= MAX_VALUE_LENGTH)
  // Ours first, so that a flood of others cannot push them out.
  const ours = new Set<string>(Object.values(LABEL))
  kept.sort(([a], [b]) => Number(ours.has(b)) - Number(ours.has(a)))
  return Object.fromEntries(kept.slice(0, MAX_LABELS))
}

/** Whether the managed-by label is there with exactly this value. */
export function isManaged(labels: Readonly<Record<string, string>>, managed: { key: string; value: string }): boolean {
  return own(labels, managed.key) === managed.value
}

/** What tells the containers of this Berth from all others. */
export interface Ownership {
  managedLabel: { key: string; value: string }
  /** Of this Berth. */
  instance: string
}

/** Whose a container is: this Berth's, that of another instance, or of something else altogether. */
export type Owner = 'us' | 'another-instance' | 'nobody-we-know'

/**
 * By the labels as Docker has them, not the bounded ones. A managed container without an instance label is ours: older orchestrators wrote none. One whose
 * instance label cannot be read is another instance's.
 */
export function ownerOf(labels: Readonly<Record<string, string>>, { managedLabel, instance }: Ownership): Owner {
  if (!isManaged(labels, managedLabel)) return 'nobody-we-know'
  const found = own(labels, LABEL.instance)
  return found === null || found === instance ? 'us' : 'another-instance'
}

function own(labels: Readonly<Record<string, string>>, name: string): string | null {
  return Object.hasOwn(labels, name) ? (labels[name] ?? null) : null
}
