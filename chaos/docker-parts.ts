/**
 * @module
 * What a simulated and a real Docker daemon have in common for a campaign.
 */
import type Docker from 'dockerode'
import type { Gluetun } from './gluetun.js'
import type { OutsideProcess } from './outside-process.js'

export type WorldKind = 'simulator' | 'docker'

/** What differs between the two kinds. */
export interface DockerParts {
  outside: OutsideProcess
  docker: Docker
  /** The daemon's own socket, which no fault touches. */
  daemonSocket: string
  gluetun: Gluetun
  /** For containers of somebody else. */
  foreignImage: string
  env: Record<string, string>
  daemonDown(): Promise<void>
  /** With its containers killed when `killContainers` (a real daemon always kills them). */
  daemonUp(killContainers: boolean): Promise<void>
  /** The main process of a container ends by itself, or by the kernel for want of memory. */
  endProcess(id: string, exitCode: 0 | 1 | 'out-of-memory'): Promise<void>
}

export interface Secrets {
  /** In the environment of Gluetun's container. */
  vpnPassword: string
  gluetunKey: string
  apiKey: string
}
