/**
 * @module
 * Where the demo's sockets are, and how `berth demo` speaks to it.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The container that stands for Gluetun in the demo. */
export const DEMO_GLUETUN = 'gluetun'

export interface DemoSockets {
  docker: string
  control: string
}

/** The sockets of the demo on this data folder. They lie in the temporary folder, as a socket's path may have 100 characters only. */
export function demoSockets(dataDir: string): DemoSockets {
  const folder = join(tmpdir(), `berth-demo-${createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 8)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return { docker: join(folder, 'docker.sock'), control: join(folder, 'control.sock') }
}

/** Sends one command to the running demo; resolves with what it says. */
export async function tellDemo(dataDir: string, command: object): Promise<string> {
  const { control } = demoSockets(dataDir)
  return new Promise((resolveSaid, reject) => {
    const ask = request({ socketPath: control, method: 'POST', path: '/', timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const said = Buffer.concat(chunks).toString('utf8')
        if (response.statusCode === 200) resolveSaid(said)
        else reject(new Error(said))
      })
    })
    ask.on('error', () => reject(new Error('No demo runs on this data folder: start one with "npm start -- --demo".')))
    ask.end(JSON.stringify(command))
  })
}
