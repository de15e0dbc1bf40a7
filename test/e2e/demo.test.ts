import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Berth, eventually, processesNaming } from '../support/world.js'

describe('berth up --demo', () => {
  let berth: Berth

  beforeAll(async () => {
    berth = await Berth.demo()
    await berth.start()
  })
  afterAll(async () => {
    await berth?.discard()
  })

  const activeAt = (epoch: number) =>
    eventually(`epoch ${epoch} is active`, async () => {
      const lease = await berth.lease()
      return lease.holder?.phase === 'active' && lease.holder.epoch === epoch ? lease : null
    })

  it('has three healthy engines, one of them forwarded, and says so', async () => {
    const engines = await berth.settled(3)
    const holder = engines.find((engine) => engine.forwarded)
    await eventually('it says who is forwarded', async () =>
      berth.output.includes(`forwarded is engine ${holder?.engine_id} on port 41000`) ? true : null,
    )
    const answer = await fetch(`http://${holder?.host}:${holder?.port}/webui/api/service?method=get_version`)
    expect(await answer.json()).toMatchObject({ error: null })
  })

  it('hands the port on when a person kills the forwarded engine', async () => {
    expect(await berth.cli('demo', 'kill', 'berth-forwarded')).toMatchObject({ code: 0 })
    expect((await activeAt(2)).port).toBe(41000)
  })

  it('follows the port that a person sets', async () => {
    expect(await berth.cli('demo', 'port', '43210')).toMatchObject({ code: 0 })
    expect((await activeAt(3)).holder?.port).toBe(43210)
  })

  it('keeps the holder while the VPN is down, and gives it the new port when it is up', async () => {
    await berth.cli('demo', 'vpn', 'down')
    const down = await eventually('the port is lost', async () => {
      const lease = await berth.lease()
      return lease.condition?.code === 'forwarded-without-port' ? lease : null
    })
    expect(down.holder).toMatchObject({ epoch: 3, phase: 'active' })
    await berth.cli('demo', 'vpn', 'up')
    expect((await activeAt(4)).holder?.port).not.toBe(43210)
  })

  it('says what is wrong with a command and what there is', async () => {
    const unknown = await berth.cli('demo', 'kill', 'nobody')
    expect(unknown.code).toBe(1)
    expect(unknown.output).toContain('there is no container nobody; there are')
    const port = await berth.cli('demo', 'port', 'high')
    expect(port.code).toBe(2)
    expect(port.output).toContain('A port is a whole number from 1 to 65535')
  })

  it('says which port is in use and which variable changes it', async () => {
    const second = await berth.cli('up', '--demo')
    expect(second.code).toBe(1)
    expect(second.output).toContain(`127.0.0.1:${berth.apiPort} for the API: in use by another process; set APP_PORT to another port`)
  })

  it('leaves no process when it ends', async () => {
    expect(await berth.stop()).toBe(0)
    expect(processesNaming(berth.dataDir)).toEqual([])
  })
})
