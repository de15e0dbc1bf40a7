import { Button, Group, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { readHistory } from '../api/requests.js'
import { useLease } from '../live/use-live.js'
import { EmptyState } from '../parts/empty-state.js'
import { Failure } from '../parts/failure.js'
import { LeaseCard } from '../parts/lease-card.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { PanelCard } from '../parts/panel-card.js'
import { Turnovers } from '../parts/turnovers.js'

const PAGE = 20

/** Who holds the port, who held it, and what can be done about it. */
export function LeasePage() {
  const enabled = useLease()?.enabled
  return (
    <>
      <PageTitle
        title="Lease"
        about="The VPN forwards one port, and one engine at a time holds it. The epoch numbers its tenures and only grows."
      />
      <Stack gap="md">
        <LeaseCard />
        {enabled !== false && <History />}
      </Stack>
    </>
  )
}

function History() {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: ['history'],
    queryFn: ({ pageParam, signal }) => readHistory(pageParam, PAGE, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  })
  const items = data?.pages.flatMap((page) => page.items)
  return (
    <PanelCard title="Turnovers">
      {items === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Failure error={error} retry={() => void refetch()} />
        )
      ) : items.length === 0 ? (
        <EmptyState title="Nobody has held the port yet" text="The first engine that is ready gets it." />
      ) : (
        <>
          <Turnovers items={items} />
          {hasNextPage && (
            <Group justify="center" mt="md">
              <Button variant="default" size="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show older ones
              </Button>
            </Group>
          )}
        </>
      )}
    </PanelCard>
  )
}
