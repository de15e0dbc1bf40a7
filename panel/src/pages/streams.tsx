import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { readEndedStreams } from '../api/requests.js'
import { useStreams } from '../live/use-live.js'
import { EmptyState } from '../parts/empty-state.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { PanelCard } from '../parts/panel-card.js'
import { StreamList } from '../parts/stream-list.js'

/** What plays, and what has played. */
export function StreamsPage() {
  const streams = useStreams()
  const ended = useQuery({ queryKey: ['streams', 'ended'], queryFn: readEndedStreams })
  return (
    <>
      <PageTitle title="Streams" about="As players tell of them." />
      <Stack gap="md">
        <PanelCard title={streams === undefined ? 'Playing' : `Playing: ${streams.length}`}>
          {streams === undefined ? (
            <Loading />
          ) : streams.length === 0 ? (
            <EmptyState
              title="Nothing plays"
              text={
                <>
                  Players and proxies tell Berth of a stream with <span className="mono">POST /events/stream_started</span>.
                </>
              }
            />
          ) : (
            <StreamList streams={streams} />
          )}
        </PanelCard>
        <PanelCard title="Ended">
          {ended.data !== undefined ? (
            ended.data.items.length === 0 ? (
              <EmptyState title="None has ended yet" text="The latest ones are kept for a while." />
            ) : (
              <StreamList streams={ended.data.items} />
            )
          ) : ended.error === null ? (
            <Loading />
          ) : (
            <Failure error={ended.error} retry={() => void ended.refetch()} />
          )}
        </PanelCard>
      </Stack>
    </>
  )
}
