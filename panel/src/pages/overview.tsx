import { Stack } from '@mantine/core'
import { AnchorLink } from '../parts/anchor-link.js'
import type { EngineState } from '../api/contracts.js'
import { useEngines, useFleet, useLease, useStreams } from '../live/use-live.js'
import { Checklist } from '../parts/checklist.js'
import { Condition } from '../parts/condition.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineBrief } from '../parts/engine-brief.js'
import { LeaseCard } from '../parts/lease-card.js'
import { Loading } from '../parts/loading.js'
import { Notice } from '../parts/notice.js'
import { Numbers } from '../parts/numbers.js'
import { PageTitle } from '../parts/page-title.js'
import { PanelCard } from '../parts/panel-card.js'
import { StreamBrief } from '../parts/stream-brief.js'
import { Turnovers } from '../parts/turnovers.js'
import classes from './overview.module.css'

const SHOWN = 8

/** All that matters at a glance. */
export function OverviewPage() {
  return (
    <>
      <PageTitle title="Overview" />
      <Stack gap="md">
        <Checklist />
        <FleetNumbers />
        <div className={classes['columns']}>
          <div className={classes['column']}>
            <LeaseCard />
            <LastTurnovers />
          </div>
          <div className={classes['column']}>
            <Engines />
            <Streams />
          </div>
        </div>
      </Stack>
    </>
  )
}

function FleetNumbers() {
  const fleet = useFleet()
  const streams = useStreams()
  if (fleet === undefined) return null
  const { engines, wanted, docker } = fleet
  return (
    <>
      {docker.problem !== null && <Condition title="Docker does not answer" trouble={docker.problem} kind="bad" />}
      {fleet.dry_run && (
        <Notice kind="info" title="Containers that nobody uses stay">
          <span className="mono">RECONCILE_DRY_RUN</span> is on: Berth says what it would remove, and removes nothing.
        </Notice>
      )}
      <Numbers
        of={[
          { name: 'Running', value: engines.running, about: `of ${wanted} wanted` },
          { name: 'Healthy', value: engines.healthy, about: engines.unhealthy === 0 ? 'none unhealthy' : `${engines.unhealthy} unhealthy` },
          { name: 'Free', value: engines.free, about: 'play nothing' },
          { name: 'Streams', value: streams?.length ?? fleet.streams, about: 'play now' },
        ]}
      />
    </>
  )
}

function LastTurnovers() {
  const lease = useLease()
  if (lease?.enabled === false) return null
  return (
    <PanelCard title="Last turnovers" aside={<More to="/lease" text="All of them" />}>
      {lease === undefined ? (
        <Loading />
      ) : lease.log.length === 0 ? (
        <EmptyState title="Nobody has held the port yet" text="The first engine that is ready gets it." />
      ) : (
        <Turnovers items={lease.log.slice(-5).reverse()} />
      )}
    </PanelCard>
  )
}

function Engines() {
  const engines = useEngines()
  const shown = engines?.toSorted((a, b) => rank(a) - rank(b)).slice(0, SHOWN)
  return (
    <PanelCard title="Engines" flush aside={<More to="/engines" text={engines === undefined ? 'All' : `All ${engines.length}`} />}>
      {shown === undefined ? (
        <div style={{ padding: '4px 18px 14px' }}>
          <Loading />
        </div>
      ) : shown.length === 0 ? (
        <EmptyState title="There are no engines" text="None is wanted. Raise the number of engines, or provision one." />
      ) : (
        <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
          {shown.map((engine) => (
            <EngineBrief key={engine.engine_id} engine={engine} />
          ))}
        </ul>
      )}
    </PanelCard>
  )
}

/** The forwarded one, then what needs a look, then those that play, then the rest. */
function rank(engine: EngineState): number {
  if (engine.forwarded) return 0
  if (engine.problem !== null || engine.health_status === 'unhealthy' || engine.phase === 'backing-off') return 1
  return engine.streams.length > 0 ? 2 : 3
}

function Streams() {
  const streams = useStreams()
  if (streams === undefined || streams.length === 0)
    return (
      <PanelCard title="Streams">
        {streams === undefined ? (
          <Loading lines={2} />
        ) : (
          <EmptyState title="Nothing plays" text="Streams show up here when a player tells Berth of them." />
        )}
      </PanelCard>
    )
  return (
    <PanelCard title="Streams" flush aside={<More to="/streams" text={`All ${streams.length}`} />}>
      <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
        {streams.slice(0, SHOWN).map((stream) => (
          <StreamBrief key={stream.id} stream={stream} />
        ))}
      </ul>
    </PanelCard>
  )
}

function More({ to, text }: { to: '/lease' | '/engines' | '/streams'; text: string }) {
  return (
    <AnchorLink to={to} size="sm" py={2}>
      {text}
      <span className="unseen"> of {to.slice(1)}</span>
    </AnchorLink>
  )
}
