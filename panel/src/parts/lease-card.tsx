import { Button, Group, Stack, Text } from '@mantine/core'
import { IconArrowsExchange, IconRefresh } from '@tabler/icons-react'
import { useDialog } from '../actions/dialogs.js'
import type { Lease, Vpn } from '../api/contracts.js'
import { useEngine, useLease, useVpn } from '../live/use-live.js'
import { usePermission } from '../live/use-session.js'
import { elapsed } from '../text/duration.js'
import { Condition } from './condition.js'
import { Dot } from './dot.js'
import { EngineLink } from './engine-link.js'
import { Facts } from './facts.js'
import { ForwardedBadge } from './forwarded-badge.js'
import classes from './lease-card.module.css'
import { Loading } from './loading.js'
import { Notice } from './notice.js'
import { PanelCard } from './panel-card.js'
import { Since } from './since.js'

/** Who holds the forwarded port, for how long, and what is wrong if something is. */
export function LeaseCard() {
  const lease = useLease()
  const vpn = useVpn()
  return (
    <PanelCard title="Forwarded port" aside={lease?.enabled === true && <LeaseActions lease={lease} />}>
      {lease === undefined || vpn === undefined ? <Loading lines={5} /> : <Held lease={lease} vpn={vpn} />}
    </PanelCard>
  )
}

function Held({ lease, vpn }: { lease: Lease; vpn: Vpn }) {
  const { holder } = lease
  const engine = useEngine(holder?.engine_id ?? null)
  if (!lease.enabled)
    return (
      <Notice kind="info" title="There is no VPN, so there is no port to hold">
        All engines run without a P2P port. With <span className="mono">GLUETUN_CONTAINER_NAME</span> set, Berth gives the port that Gluetun
        forwards to one of them.
      </Notice>
    )
  return (
    <Stack gap="md">
      {lease.condition !== null && <Condition title="Nobody is well forwarded" trouble={lease.condition} kind="bad" />}
      <LeaseNotices lease={lease} />
      {engine?.forwarded === true && engine.p2p_listening === false && (
        <Notice kind="warn" title={`Nothing listens on port ${engine.forwarded_port}`}>
          Its engine answers, but peers cannot reach it. Restart it, or elect another one; its log may say why.
        </Notice>
      )}
      <div className={classes['held']}>
        <div>
          <Text size="sm" c="dimmed">
            Port
          </Text>
          <div className={classes['port']} data-port>
            {holder?.port ?? lease.port ?? '–'}
          </div>
        </div>
        <div className={classes['who']}>
          {holder === null ? (
            <Dot tone="bad">Nobody holds it</Dot>
          ) : (
            <>
              <Group gap="xs">
                <Text component="span" fz="lg">
                  <EngineLink id={holder.engine_id} />
                </Text>
                {engine !== undefined && <ForwardedBadge engine={engine} size="lg" />}
              </Group>
              <Text size="sm" c="dimmed" component="div">
                {holder.phase === 'granted' && <Dot tone="busy">Its container is being made</Dot>}
                {holder.phase === 'revoking' && <Dot tone="busy">Handing over</Dot>}
                {holder.phase === 'active' && (
                  <>
                    for <Since at={holder.since} />
                    {engine?.container_name && (
                      <>
                        {' '}
                        in <span className="mono">{engine.container_name}</span>
                      </>
                    )}
                  </>
                )}
              </Text>
            </>
          )}
        </div>
      </div>
      <Facts
        of={[
          [
            'Epoch',
            <span key="epoch" data-lease-epoch>
              {lease.epoch}
            </span>,
          ],
          [
            'VPN address',
            vpn.public_ip === null ? null : (
              <span key="ip" className="mono">
                {vpn.public_ip}
              </span>
            ),
          ],
          ['Country', [vpn.city, vpn.country].filter(Boolean).join(', ') || null],
          ...(lease.preferred === null
            ? []
            : [['Named by hand', <EngineLink key="named" id={lease.preferred} />] as [string, React.ReactNode]]),
          ...(lease.rotation.every_s === null ? [] : [['Rotates every', elapsed(lease.rotation.every_s * 1000)] as [string, string]]),
        ]}
      />
    </Stack>
  )
}

const WAITS_FOR = {
  streams: "waits until the holder's streams have ended",
  candidate: 'waits for another engine that plays nothing',
  lease: 'waits for a hand-over that is under way',
} as const

/** What is going on that is no trouble. */
function LeaseNotices({ lease }: { lease: Lease }) {
  const { due } = lease.rotation
  const held = lease.reconcile.would_remove
  return (
    <>
      {lease.recovering && (
        <Notice kind="info" title="Berth is finding out who holds the port">
          Nothing is granted until all containers have been listed.
        </Notice>
      )}
      {due !== null && (
        <Notice kind="info" title="The port is to be handed on">
          {due.reason}: it {WAITS_FOR[due.waiting_for]}.
        </Notice>
      )}
      {lease.reconcile.dry_run && held.length > 0 && (
        <Notice
          kind="warn"
          title={`A dry run keeps ${held.length === 1 ? 'a container' : `${held.length} containers`} that would be removed`}
        >
          {held.map(({ name, reason }) => `${name} (${reason})`).join(', ')}
        </Notice>
      )}
    </>
  )
}

/** What may be done with the port, or why nothing may be. */
function LeaseActions({ lease }: { lease: Lease }) {
  const open = useDialog()
  const { allowed, reason } = usePermission()
  if (!allowed)
    return (
      <Text size="xs" c="dimmed">
        {reason}
      </Text>
    )
  return (
    <Group gap={6}>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconArrowsExchange size={15} aria-hidden />}
        onClick={({ currentTarget }) => open({ kind: 'elect', candidate: null }, currentTarget)}
      >
        Elect another
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconRefresh size={15} aria-hidden />}
        onClick={({ currentTarget }) => open({ kind: 'rotate' }, currentTarget)}
      >
        Rotate
      </Button>
      {lease.preferred !== null && (
        <Button size="xs" variant="default" onClick={({ currentTarget }) => open({ kind: 'undesignate' }, currentTarget)}>
          Name nobody
        </Button>
      )}
    </Group>
  )
}
