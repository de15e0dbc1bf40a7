/**
 * @module
 * What a kind of engine image is to Berth: the image, and the way in which it takes its ports.
 */

/** Ports of one engine. `p2pPort` is `null` on every engine that is not forwarded: then no P2P port is given at all. */
export interface EnginePorts {
  httpPort: number
  httpsPort: number
  p2pPort: number | null
}

/** `command` is `null` where the image's own command is to run. */
export interface ContainerConfig {
  environment: Record<string, string>
  command: string[] | null
}

/** Tags of the images whose tag names the engine's version. */
export interface ImageOptions {
  /** `ENGINE_ARM32_VERSION`. */
  arm32Version?: string
  /** `ENGINE_ARM64_VERSION`. */
  arm64Version?: string
}

export interface Variant {
  image(options: ImageOptions): string
  containerConfig(ports: EnginePorts): ContainerConfig
}

/** The three port flags that every engine binary takes. */
export function portFlags({ httpPort, httpsPort, p2pPort }: EnginePorts): string[] {
  const flags = ['--http-port', String(httpPort), '--https-port', String(httpsPort)]
  return p2pPort === null ? flags : [...flags, '--port', String(p2pPort)]
}
