import { Group, NativeSelect, Paper } from '@mantine/core'
import { useState } from 'react'
import type { Happening } from '../live/caches.js'
import { useHappenings } from '../live/use-live.js'
import { EmptyState } from '../parts/empty-state.js'
import { EngineLink } from '../parts/engine-link.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { fullMoment, moment } from '../text/duration.js'
import { tell } from '../text/happening.js'
import classes from './events.module.css'

const KINDS = { engine: 'Engines', lease: 'Lease', stream: 'Streams', vpn: 'VPN', fleet: 'Fleet' } as const

/** What happened, the newest first. */
export function EventsPage() {
  const { data, error, refetch } = useHappenings()
  const [kind, setKind] = useState('')
  const told = data?.map((happening, index) => ({ happening, text: tell(happening, before(data, index)) }))
  const shown = told?.filter(({ happening, text }) => text !== null && happening.type.startsWith(kind))
  return (
    <>
      <PageTitle title="Events" about="What happened since the API started, as far as it is kept." />
      <Group mb="sm">
        <NativeSelect
          aria-label="Show"
          value={kind}
          onChange={({ currentTarget }) => setKind(currentTarget.value)}
          data={[{ value: '', label: 'All' }, ...Object.entries(KINDS).map(([value, label]) => ({ value: `${value}.`, label }))]}
        />
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

/** The one before it about the same thing, to say what is different. */
function before(happenings: Happening[], index: number): Happening | undefined {
  const subject = subjectOf(happenings[index])
  return happenings.find((each, other) => other > index && subjectOf(each) === subject)
}

function subjectOf(happening: Happening | undefined): string {
  if (happening === undefined) return ''
  switch (happening.type) {
    case 'engine.changed':
    case 'engine.removed':
      return happening.data.engine_id
    case 'stream.started':
    case 'stream.changed':
    case 'stream.ended':
      return happening.data.id
    default:
      return happening.type
  }
}
