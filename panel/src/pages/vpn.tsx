import { SimpleGrid, Stack } from '@mantine/core'
import type { Vpn } from '../api/contracts.js'
import { useEngines, useLease, useVpn } from '../live/use-live.js'
import { Condition } from '../parts/condition.js'
import { Dot, type Tone } from '../parts/dot.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineLink } from '../parts/engine-link.js'
import { Facts } from '../parts/facts.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { PanelCard } from '../parts/panel-card.js'

const TONES: Record<Vpn['status'], Tone> = {
  running: 'good',
  starting: 'busy',
  stopping: 'busy',
  stopped: 'bad',
  crashed: 'bad',
  unknown: 'idle',
  disabled: 'idle',
}

/** What is known of the VPN. */
export function VpnPage() {
  const vpn = useVpn()
  return (
    <>
      <PageTitle title="VPN" about="Engines share the network of the Gluetun container." />
      {vpn === undefined ? (
        <PanelCard title="Tunnel">
          <Loading />
        </PanelCard>
      ) : vpn.enabled ? (
        <Tunnel vpn={vpn} />
      ) : (
        <PanelCard title="Tunnel">
          <EmptyState
            title="There is no VPN"
            text={
              <>
                Engines run on a bridge network, and none gets a P2P port. Set <span className="mono">GLUETUN_CONTAINER_NAME</span> to the
                name of a running Gluetun container and start Berth again.
              </>
            }
          />
        </PanelCard>
      )}
    </>
  )
}

function Tunnel({ vpn }: { vpn: Vpn }) {
  const engines = useEngines()
  const holder = useLease()?.holder
  const behind = engines?.filter(({ vpn_container }) => vpn_container !== null && vpn_container === vpn.container_name)
  return (
    <Stack gap="md">
      {vpn.problem !== null && <Condition title="Something is wrong with the VPN" trouble={vpn.problem} kind="bad" />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <PanelCard title="Tunnel">
          <Facts
            of={[
              [
                'State',
                <Dot key="state" tone={vpn.connected ? 'good' : TONES[vpn.status] === 'good' ? 'warn' : TONES[vpn.status]}>
                  {vpn.connected ? 'Connected' : vpn.status}
                </Dot>,
              ],
              ['Public address', vpn.public_ip && <span className="mono">{vpn.public_ip}</span>],
              ['Country', vpn.country],
              ['City', [vpn.city, vpn.region].filter(Boolean).join(', ') || null],
              ['Provider', vpn.provider],
            ]}
          />
        </PanelCard>
        <PanelCard title="Container">
          <Facts
            of={[
              ['Name', vpn.container_name && <span className="mono">{vpn.container_name}</span>],
              [
                'Health',
                <Dot key="health" tone={vpn.health === 'healthy' ? 'good' : vpn.health === 'unhealthy' ? 'bad' : 'idle'}>
                  {vpn.health}
                </Dot>,
              ],
              ['Engines behind it', behind?.length ?? null],
              [
                'Forwarded port',
                vpn.forwarded_ports.length === 0 ? (
                  <Dot tone="warn">none</Dot>
                ) : (
                  <span className="mono">{vpn.forwarded_ports.join(', ')}</span>
                ),
              ],
              ['Held by', holder ? <EngineLink id={holder.engine_id} /> : null],
            ]}
          />
        </PanelCard>
      </SimpleGrid>
    </Stack>
  )
}
