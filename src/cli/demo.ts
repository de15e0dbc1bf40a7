/**
 * @module
 * `berth demo …`: what may happen to a VPN and to engines, at a person's wish.
 */
import { loadConfig } from '../config/environment.js'
import { tellDemo } from './demo-world.js'

/** The VPN forwards this port from now on. */
export async function demoPort(port: number): Promise<void> {
  await tell({ kind: 'port', port })
}

/** Somebody removes this engine's container. */
export async function demoKill(engine: string): Promise<void> {
  await tell({ kind: 'kill', container: engine })
}

/** The VPN goes down or comes up again. */
export async function demoVpn(state: 'up' | 'down'): Promise<void> {
  await tell({ kind: 'vpn', state })
}

async function tell(command: object): Promise<void> {
  try {
    console.log(await tellDemo(loadConfig(process.env).dataDir, command))
  } catch (error) {
    console.error(`berth: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
