import { Button, Group, NativeSelect, Paper, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useHappenings } from '../live/use-live.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineLink } from '../parts/engine-link.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { fullMoment, moment } from '../text/duration.js'
import { subjectOf, tellAll } from '../text/happening.js'
import classes from './events.module.css'

const route = getRouteApi('/events')
const KINDS = { engine: 'Engines', lease: 'Lease', stream: 'Streams', vpn: 'VPN', fleet: 'Fleet' } as const

/** What happened, the newest first; with `about` in the address only to that. */
export function EventsPage() {
  const { about } = route.useSearch()
  const { data, error, refetch } = useHappenings()
  const [kind, setKind] = useState('')
  const shown =
    data &&
    tellAll(data).filter(
      ({ happening, text }) => text !== null && happening.type.startsWith(kind) && (about === undefined || subjectOf(happening) === about),
    )
  return (
    <>
      <PageTitle title="Events" about="What happened since the API started, as far as it is kept." />
      <Group mb="sm" gap="xs">
        <NativeSelect
          aria-label="Show"
          value={kind}
          onChange={({ currentTarget }) => setKind(currentTarget.value)}
          data={[{ value: '', label: 'All' }, ...Object.entries(KINDS).map(([value, label]) => ({ value: `${value}.`, label }))]}
        />
        {about !== undefined && <Only about={about} />}
      </Group>
      {shown === undefined ? (
        error === null ? (
          <Loading lines={8} />
        ) : (
          <Failure error={error} retry={() => void refetch()} />
        )
      ) : (
        <Paper withBorder>
          {shown.length === 0 ? (
            <EmptyState
              title="Nothing happened yet"
              text="Changes of engines, streams, the lease and the VPN show up here as they happen."
            />
          ) : (
            <ol className={classes['events']}>
              {shown.map(({ happening, text }) => (
                <li key={happening.id}>
                  <time dateTime={happening.at} title={fullMoment(happening.at)}>
                    {moment(happening.at)}
                  </time>
                  <span className={classes['type']}>{happening.type}</span>
                  <span>
                    {happening.type === 'engine.changed' && (
                      <>
                        <EngineLink id={happening.data.engine_id} />{' '}
                      </>
                    )}
                    {text}
                  </span>
                </li>
              ))}
            </ol>
          )}
        </Paper>
      )}
    </>
  )
}

function Only({ about }: { about: string }) {
  const navigate = useNavigate()
  return (
    <>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        Only about <span className="mono">{about}</span>
      </Text>
      <Button size="xs" variant="default" onClick={() => void navigate({ to: '/events', search: {} })}>
        Show all
      </Button>
    </>
  )
}
