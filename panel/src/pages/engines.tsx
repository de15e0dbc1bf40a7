import { Button, CloseButton, Group, NativeSelect, Paper, Text, TextInput } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconPlus, IconScale, IconSearch } from '@tabler/icons-react'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useDialog } from '../actions/dialogs.js'
import { useEngines, useFleet } from '../live/use-live.js'
import { usePermission } from '../live/use-session.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineCards } from '../parts/engine-cards.js'
import { EngineTable } from '../parts/engine-table.js'
import { arrange } from '../parts/engines-order.js'
import { type EnginesOrder, type EnginesSearch, enginesFilters, enginesOrders } from '../parts/engines-search.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { count } from '../text/amount.js'

const route = getRouteApi('/engines')

const FILTERS = {
  forwarded: 'Forwarded',
  healthy: 'Healthy',
  unhealthy: 'Unhealthy',
  busy: 'With streams',
  free: 'Free',
  moving: 'Coming or going',
} as const
const ORDERS = { port: 'Port', engine: 'Id', state: 'State', streams: 'Streams', age: 'Age' } as const

/** All engines; filter and order are in the address. */
export function EnginesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const engines = useEngines()
  const fleet = useFleet()
  const narrow = useMediaQuery('(max-width: 56em)', undefined, { getInitialValueInEffect: false })
  const shown = useMemo(() => (engines === undefined ? undefined : arrange(engines, search)), [engines, search])
  const change = (to: Partial<EnginesSearch>): void => {
    void navigate({ to: '/engines', search: compact({ ...search, ...to }), replace: true })
  }
  const by = search.by ?? 'port'
  const down = search.down === true
  const sort = (order: EnginesOrder): void => change(order === by ? { down: down ? undefined : true } : { by: order, down: undefined })
  return (
    <>
      <PageTitle title="Engines" about={fleet && `${count(fleet.engines.total, 'engine')}, ${fleet.wanted} wanted`}>
        <FleetActions />
      </PageTitle>
      <Group mb="sm" gap="xs">
        <TextInput
          aria-label="Find engines"
          placeholder="Id, name, address, label…"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={search.q !== undefined && <CloseButton size="sm" aria-label="Clear" onClick={() => change({ q: undefined })} />}
          value={search.q ?? ''}
          onChange={({ currentTarget }) => change({ q: currentTarget.value })}
          style={{ flex: '1 1 200px' }}
          maw={360}
        />
        <NativeSelect
          aria-label="Show"
          value={search.show ?? ''}
          onChange={({ currentTarget }) => change({ show: enginesFilters.find((each) => each === currentTarget.value) })}
          data={[{ value: '', label: 'All' }, ...enginesFilters.map((value) => ({ value, label: FILTERS[value] }))]}
        />
        {narrow && (
          <NativeSelect
            aria-label="Order by"
            value={by}
            onChange={({ currentTarget }) => change({ by: enginesOrders.find((each) => each === currentTarget.value), down: undefined })}
            data={enginesOrders.map((value) => ({ value, label: ORDERS[value] }))}
          />
        )}
      </Group>
      <div role="status" className="unseen">
        {shown && `${count(shown.length, 'engine')} shown`}
      </div>
      {shown === undefined ? (
        <Loading lines={6} />
      ) : shown.length === 0 ? (
        <Paper withBorder>
          {engines?.length === 0 ? (
            <EmptyState title="There are no engines" text="None is wanted. Raise the wanted number with “Scale”, or provision one." />
          ) : (
            <EmptyState title="No engine matches" text="Others are there, but the filter leaves them out.">
              <Button mt="sm" variant="default" onClick={() => change({ q: undefined, show: undefined })}>
                Show all
              </Button>
            </EmptyState>
          )}
        </Paper>
      ) : narrow ? (
        <EngineCards engines={shown} />
      ) : (
        <Paper withBorder style={{ overflow: 'hidden' }}>
          <EngineTable engines={shown} by={by} down={down} sort={sort} />
        </Paper>
      )}
    </>
  )
}

function FleetActions() {
  const open = useDialog()
  const { allowed, reason } = usePermission()
  if (!allowed)
    return (
      <Text size="sm" c="dimmed">
        {reason}
      </Text>
    )
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconScale size={16} aria-hidden />}
        onClick={({ currentTarget }) => open({ kind: 'scale' }, currentTarget)}
      >
        Scale
      </Button>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={({ currentTarget }) => open({ kind: 'provision' }, currentTarget)}>
        Provision
      </Button>
    </>
  )
}

function compact(search: EnginesSearch): EnginesSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''))
}
