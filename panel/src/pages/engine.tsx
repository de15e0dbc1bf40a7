import { Anchor, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { AnchorLink } from '../parts/anchor-link.js'
import { EngineMenu } from '../actions/engine-menu.js'
import { useOperation } from '../actions/operations.js'
import type { EngineState } from '../api/contracts.js'
import { readEnvironment } from '../api/requests.js'
import { useEngine, useEngines, useStreams } from '../live/use-live.js'
import { usePermission } from '../live/use-session.js'
import { Condition } from '../parts/condition.js'
import { Dot } from '../parts/dot.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineTimeline } from '../parts/engine-timeline.js'
import { Facts } from '../parts/facts.js'
import { Failure } from '../parts/failure.js'
import { ForwardedBadge } from '../parts/forwarded-badge.js'
import { Loading } from '../parts/loading.js'
import { LogView } from '../parts/log-view.js'
import { PageTitle } from '../parts/page-title.js'
import { PairTable } from '../parts/pair-table.js'
import { PanelCard } from '../parts/panel-card.js'
import { Since } from '../parts/since.js'
import { StreamList } from '../parts/stream-list.js'
import { useWorkflowAddress } from '../parts/workflow-address.js'
import { engineName } from '../text/engine-name.js'
import { engineState } from '../text/engine-state.js'
import { p2pNetwork, p2pPort } from '../text/p2p.js'

const SpeedChart = lazy(() => import('../parts/speed-chart.js'))

/** All about one engine. */
export function EnginePage() {
  const { engineId } = useParams({ from: '/engines/$engineId' })
  const known = useEngines() !== undefined
  const engine = useEngine(engineId)
  if (engine !== undefined) return <Known engine={engine} />
  return (
    <>
      <PageTitle title={`Engine ${engineName(engineId)}`} />
      {known ? (
        <Paper withBorder>
          <EmptyState
            title="There is no such engine"
            text="It was removed, or never was. Engines keep their id when their container is made anew."
          >
            <AnchorLink to="/engines">To all engines</AnchorLink>
          </EmptyState>
        </Paper>
      ) : (
        <Loading lines={6} />
      )}
    </>
  )
}

function Known({ engine }: { engine: EngineState }) {
  const { tone, text } = engineState(engine, useOperation(engine.engine_id))
  const workflow = useWorkflowAddress(engine.engine_id)
  return (
    <>
      <PageTitle
        title={`Engine ${engineName(engine.engine_id)}`}
        about={
          <Group gap="6px 14px" mt={4}>
            <Dot tone={tone}>{text}</Dot>
            <ForwardedBadge engine={engine} />
            {workflow !== null && (
              <Anchor href={workflow} target="_blank" rel="noreferrer" size="sm">
                Its workflow <IconExternalLink size={14} aria-label="in a new tab" style={{ verticalAlign: '-2px' }} />
              </Anchor>
            )}
          </Group>
        }
      >
        <EngineMenu engine={engine} wide />
      </PageTitle>
      <Stack gap="md">
        {engine.problem !== null && <Condition title="Something is wrong with it" trouble={engine.problem} />}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <PanelCard title="State">
            <Facts
              of={[
                [
                  'Engine',
                  <span key="id" className="mono">
                    {engine.engine_id}
                  </span>,
                ],
                ['Address', <span key="at" className="mono">{`${engine.host}:${engine.port}`}</span>],
                ['Container', engine.container_name && <span className="mono">{engine.container_name}</span>],
                ['Container id', engine.container_id && <span className="mono">{engine.container_id.slice(0, 12)}</span>],
                ['P2P port', p2pPort(engine)],
                ['P2P network', p2pNetwork(engine)],
                ['VPN container', engine.vpn_container ?? 'none'],
                ['Variant', engine.engine_variant],
                ['Version', [engine.version, engine.platform].filter(Boolean).join(', ') || null],
                ['Runs for', engine.started_at && <Since at={engine.started_at} />],
                ['Health since', engine.health_since && <Since at={engine.health_since} ago />],
                ['First seen', <Since key="first" at={engine.first_seen} ago />],
                ['Containers lost', engine.losses],
              ]}
            />
          </PanelCard>
          <PanelCard
            title="Timeline"
            aside={
              <AnchorLink to="/events" search={{ about: engine.engine_id }} size="sm" py={2}>
                Its events
              </AnchorLink>
            }
          >
            <EngineTimeline engine={engine} />
          </PanelCard>
        </SimpleGrid>
        <Streams engine={engine} />
        <LogView engineId={engine.engine_id} containerId={engine.container_id} />
        <MadeWith engine={engine} />
      </Stack>
    </>
  )
}

function Streams({ engine }: { engine: EngineState }) {
  const all = useStreams()
  const streams = all?.filter(({ id }) => engine.streams.includes(id))
  return (
    <PanelCard title="Streams">
      {streams === undefined ? (
        <Loading lines={2} />
      ) : streams.length === 0 ? (
        <EmptyState title="It plays nothing" text="Streams show up here when a player tells Berth of them." />
      ) : (
        <Stack gap="lg">
          <StreamList streams={streams} />
          {streams.map((stream) => (
            <Suspense key={stream.id} fallback={<Loading lines={3} />}>
              <SpeedChart stream={stream} />
            </Suspense>
          ))}
        </Stack>
      )}
    </PanelCard>
  )
}

function MadeWith({ engine }: { engine: EngineState }) {
  const { allowed } = usePermission()
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      {allowed && engine.container_id !== null && <Environment engineId={engine.engine_id} containerId={engine.container_id} />}
      <PanelCard title="Labels" flush>
        <PairTable caption="Labels" pairs={engine.labels} empty="It has no labels." />
      </PanelCard>
    </SimpleGrid>
  )
}

/** Anew for each container, as it is what that one was made with. */
function Environment({ engineId, containerId }: { engineId: string; containerId: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['environment', engineId, containerId],
    queryFn: ({ signal }) => readEnvironment(engineId, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <PanelCard title="Environment" flush>
      {data === undefined ? (
        <div style={{ padding: '0 18px 14px' }}>
          {error === null ? <Loading lines={4} /> : <Failure error={error} retry={() => void refetch()} />}
        </div>
      ) : (
        <>
          <PairTable caption="Environment" pairs={data.environment} empty="It was made with none." />
          <Text size="xs" c="dimmed" px={18} py={8}>
            Secrets are masked.
          </Text>
        </>
      )}
    </PanelCard>
  )
}
