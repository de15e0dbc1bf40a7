/**
 * @module
 * `jopsis/acestream` for ARM: a Python launcher that takes the ports as command arguments. The tag is the engine's version.
 */
import { portFlags, type ImageOptions, type Variant } from './variant.js'

const COMMAND = [
  ...['python', 'main.py', '--bind-all', '--client-console'],
  ...['--live-cache-type', 'memory', '--live-mem-cache-size', '104857600'],
  ...['--disable-sentry', '--log-stdout'],
]

const jopsisArm = (tag: (options: ImageOptions) => string): Variant => ({
  image: (options) => `jopsis/acestream:${tag(options)}`,
  containerConfig: (ports) => ({ environment: {}, command: [...COMMAND, ...portFlags(ports)] }),
})

export const jopsisArm32 = jopsisArm(({ arm32Version }) => arm32Version ?? 'arm32-v3.2.13')
export const jopsisArm64 = jopsisArm(({ arm64Version }) => arm64Version ?? 'arm64-v3.2.13')
