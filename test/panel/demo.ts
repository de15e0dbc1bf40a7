/**
 * @module
 * A Berth that runs, for the panel: `berth up --demo` with its simulated Docker daemon, which can be played with behind Berth's back, and players of streams.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Docker from 'dockerode'
import type { EngineState } from '../../panel/src/api/contracts.js'
import { demoSockets } from '../../src/cli/demo-world.js'
import { Berth, type Engine, eventually } from '../support/world.js'

/** A demo of its own, ready and settled. */
export class Demo {
  private constructor(
    private readonly berth: Berth,
    private readonly wanted: number,
  ) {}

  static async start(env: NodeJS.ProcessEnv = {}): Promise<Demo> {
    const berth = await Berth.demo({ HEALTH_CHECK_INTERVAL_S: '1', COLLECT_INTERVAL_S: '1', RATE_LIMIT_MUTATIONS: '0', ...env })
    const demo = new Demo(berth, Number(env['MIN_REPLICAS'] ?? 3))
    try {
      await berth.start()
      await demo.settled()
    } catch (error) {
      const file = join(berth.dataDir, 'demo/berth.log')
      const log = existsSync(file) ? readFileSync(file, 'utf8') : ''
      await berth.discard()
      throw new Error(`the demo did not start:\n${log}`, { cause: error })
    }
    return demo
  }

  get address(): string {
    return this.berth.url
  }

  engines(): Promise<Engine[]> {
    return this.berth.engines()
  }

  /** When all engines are healthy and one of them is forwarded. */
  settled(): Promise<Engine[]> {
    return this.berth.settled(this.wanted)
  }

  /** Resolves with who is forwarded at a later epoch than this one. */
  async forwardedAfter(epoch: number): Promise<Engine> {
    return eventually(`somebody is forwarded after epoch ${epoch}`, async () => {
      const holder = (await this.engines()).find(({ forwarded }) => forwarded)
      return holder !== undefined && (holder.lease_epoch ?? 0) > epoch ? holder : null
    })
  }

  async elect(candidate: string, reason: string): Promise<void> {
    const { status, body } = await this.berth.send('POST', '/lease/elect', { candidate, reason })
    if (status !== 202) throw new Error(`lease/elect: ${status} ${JSON.stringify(body)}`)
  }

  /** Resolves when the statistics of this stream span so many milliseconds. */
  async curve(id: string, spanMs: number): Promise<void> {
    const look = async (): Promise<true | null> => {
      const samples = (await (await fetch(`${this.address}/api/v1/streams/${id}/stats`)).json()) as { ts: string }[]
      const [first, last] = [samples.at(0), samples.at(-1)].map((sample) => Date.parse(sample?.ts ?? ''))
      return (last ?? Number.NaN) - (first ?? Number.NaN) >= spanMs ? true : null
    }
    await eventually(`a curve of ${spanMs} ms`, look, 2 * spanMs + 30_000)
  }

  /** As its player would tell of it. */
  async endStream(id: string): Promise<void> {
    await tell(`${this.address}/events/stream_ended`, { stream_id: id, reason: 'the player was closed' })
  }

  /** As by `docker rm -f`: asked of the daemon, not of Berth. */
  async removeContainer(id: string): Promise<void> {
    await new Docker({ socketPath: demoSockets(this.berth.dataDir).docker }).getContainer(id).remove({ force: true })
  }

  /** kill -9 of the API's process alone; Berth starts it again. */
  killApi(): void {
    process.kill(this.berth.parts().api, 'SIGKILL')
  }

  stop(): Promise<void> {
    return this.berth.discard()
  }
}

/** Opens a session at an engine and tells Berth of it, as players do; resolves with the stream's id. */
export async function play(
  address: string,
  engine: Pick<EngineState, 'host' | 'port' | 'container_id'>,
  contentId: string,
): Promise<string> {
  const opened = await fetch(`http://${engine.host}:${engine.port}/ace/getstream?id=${contentId}&format=json`)
  const { response: session } = (await opened.json()) as { response: Record<string, string> }
  const { id } = await tell<{ id: string }>(`${address}/events/stream_started`, {
    container_id: engine.container_id,
    engine: { host: engine.host, port: engine.port },
    stream: { key_type: 'content_id', key: contentId },
    session: {
      playback_session_id: session['playback_session_id'],
      stat_url: session['stat_url'],
      command_url: session['command_url'],
      is_live: true,
    },
  })
  return id
}

async function tell<Answer>(url: string, event: object): Promise<Answer> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}
