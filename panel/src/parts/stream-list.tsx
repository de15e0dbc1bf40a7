import { Badge, Button, Text } from '@mantine/core'
import { useDialog } from '../actions/dialogs.js'
import type { StreamState } from '../api/contracts.js'
import { usePermission } from '../live/use-session.js'
import { bytes, speed } from '../text/amount.js'
import { duration } from '../text/duration.js'
import { streamName } from '../text/stream-name.js'
import { EngineLink } from './engine-link.js'
import { Since } from './since.js'
import classes from './stream-list.module.css'

const KINDS = { content_id: 'content id', infohash: 'infohash', url: 'address', magnet: 'magnet' } as const

/** Streams in rows; on a narrow screen each row is a card. */
export function StreamList({ streams }: { streams: StreamState[] }) {
  const open = useDialog()
  const { allowed } = usePermission()
  const mayEnd = allowed && streams.some(({ status }) => status === 'started')
  return (
    <table className={classes['streams']}>
      <caption className="unseen">Streams</caption>
      <thead>
        <tr>
          <th scope="col">Stream</th>
          <th scope="col">Engine</th>
          <th scope="col">For</th>
          <th scope="col">Peers</th>
          <th scope="col">Down</th>
          <th scope="col">Up</th>
          <th scope="col">Total</th>
          {mayEnd && (
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {streams.map((stream) => (
          <tr key={stream.id} data-stream={stream.id}>
            <th scope="row" title={stream.key}>
              <span className="mono">{streamName(stream)}</span>{' '}
              <Text span size="xs" c="dimmed">
                {KINDS[stream.key_type]}
              </Text>{' '}
              {stream.is_live && (
                <Badge size="sm" variant="outline" color="gray" c="inherit">
                  live
                </Badge>
              )}
            </th>
            <td data-name="Engine">
              <EngineLink id={stream.engine_id} />
            </td>
            <td data-name="For">
              {stream.ended_at === null ? (
                <Since at={stream.started_at} />
              ) : (
                duration(Date.parse(stream.ended_at) - Date.parse(stream.started_at))
              )}
            </td>
            <td data-name="Peers">{stream.peers ?? '–'}</td>
            <td data-name="Down">{speed(stream.speed_down)}</td>
            <td data-name="Up">{speed(stream.speed_up)}</td>
            <td data-name="Total">
              {bytes(stream.downloaded)} / {bytes(stream.uploaded)}
            </td>
            {mayEnd && (
              <td className={classes['actions']}>
                {stream.status === 'started' && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`End ${streamName(stream)}`}
                    onClick={({ currentTarget }) => open({ kind: 'end-stream', streamId: stream.id }, currentTarget)}
                  >
                    End
                  </Button>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
