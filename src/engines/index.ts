/**
 * @module
 * The kinds of engine image that Berth can run, by the names that `ENGINE_VARIANT` takes.
 */
import { aceserve } from './aceserve.js'
import { jopsisAmd64 } from './jopsis-amd64.js'
import { jopsisArm32, jopsisArm64 } from './jopsis-arm.js'
import { krinkuto11Amd64 } from './krinkuto11-amd64.js'
import { martinbjeldbak } from './martinbjeldbak.js'
import { nanoAce } from './nano-ace.js'
import { wafy80 } from './wafy80.js'
import type { ImageOptions, Variant } from './variant.js'

export type { ImageOptions, Variant } from './variant.js'

const REGISTRY = {
  'krinkuto11-amd64': krinkuto11Amd64,
  'jopsis-amd64': jopsisAmd64,
  'jopsis-arm32': jopsisArm32,
  'jopsis-arm64': jopsisArm64,
  martinbjeldbak,
  wafy80,
  'nano-ace': nanoAce,
  aceserve,
} as const satisfies Record<string, Variant>

export type VariantName = keyof typeof REGISTRY

/** All names, the default first. */
export const VARIANTS = Object.keys(REGISTRY) as [VariantName, ...VariantName[]]

export function isVariant(name: string): name is VariantName {
  return Object.hasOwn(REGISTRY, name)
}

/** Throws `RangeError` for a name that is not one of `VARIANTS`, naming them. */
export function variantOf(name: string): Variant {
  if (!isVariant(name)) throw new RangeError(`there is no engine variant "${name}": set ENGINE_VARIANT to one of ${VARIANTS.join(', ')}`)
  return REGISTRY[name]
}

/** The image of a variant where `ENGINE_IMAGE` names none. Throws like `variantOf`. */
export function defaultImage(variant: string, options: ImageOptions = {}): string {
  return variantOf(variant).image(options)
}
