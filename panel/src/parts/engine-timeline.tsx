import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { EngineState, LeaseTurnover } from '../api/contracts.js'
import { readHistory } from '../api/requests.js'
import { duration, fullMoment, moment } from '../text/duration.js'
import { EmptyState } from './empty-state.js'
import classes from './engine-timeline.module.css'

interface Entry {
  at: string
  key: string
  text: ReactNode
  strong?: boolean
}

const LOOKED_THROUGH = 100

/** What is known of an engine's life: its own times, and its tenures of the port. The newest first. */
export function EngineTimeline({ engine }: { engine: EngineState }) {
  const { data } = useQuery({ queryKey: ['history', 'long'], queryFn: ({ signal }) => readHistory(null, LOOKED_THROUGH, { signal }) })
  const tenures = (data?.items ?? []).filter(({ engine_id }) => engine_id === engine.engine_id)
  const entries = [...ownEntries(engine), ...tenures.flatMap(tenureEntries)].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
  if (entries.length === 0) return <EmptyState title="Nothing yet" text="It is being made." />
  return (
    <ol className={classes['timeline']}>
      {entries.map(({ at, key, text, strong }) => (
        <li key={key} data-strong={strong || undefined}>
          <time dateTime={at} title={fullMoment(at)}>
            {moment(at)}
          </time>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  )
}

function ownEntries({ first_seen, started_at, health_since, health_status, last_stream_usage, losses }: EngineState): Entry[] {
  return [
    { at: first_seen, key: 'first', text: 'Asked for' },
    ...(started_at === null
      ? []
      : [{ at: started_at, key: 'started', text: losses === 0 ? 'Container started' : `Container started, after ${losses} lost` }]),
    ...(health_since === null || health_status === 'unknown' ? [] : [{ at: health_since, key: 'health', text: `Found ${health_status}` }]),
    ...(last_stream_usage === null ? [] : [{ at: last_stream_usage, key: 'stream', text: 'Last played a stream' }]),
  ]
}

function tenureEntries({ epoch, port, granted_at, active_at, ended_at, ended, gap_ms }: LeaseTurnover): Entry[] {
  const gap = gap_ms === null ? '' : `, nobody had it for ${duration(gap_ms)}`
  return [
    { at: active_at ?? granted_at, key: `got ${epoch}`, text: `Got port ${port} (epoch ${epoch}${gap})`, strong: true },
    ...(ended_at === null ? [] : [{ at: ended_at, key: `lost ${epoch}`, text: `Gave port ${port} back: ${ended ?? 'no reason told'}` }]),
  ]
}
