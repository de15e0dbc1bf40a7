import { Text } from '@mantine/core'
import { memo } from 'react'
import type { StreamState } from '../api/contracts.js'
import { speed } from '../text/amount.js'
import { streamName } from '../text/stream-name.js'
import classes from './engine-brief.module.css'
import { Since } from './since.js'

/** One stream in a line. */
export const StreamBrief = memo(function StreamBrief({ stream }: { stream: StreamState }) {
  return (
    <li className={classes['brief']}>
      <Text size="sm" component="span" truncate title={stream.key} className="mono">
        {streamName(stream)}
      </Text>
      <Text size="sm" component="span">
        <Since at={stream.started_at} />
      </Text>
      <Text size="sm" c="dimmed" component="span" className={classes['streams']}>
        {speed(stream.speed_down)}
      </Text>
    </li>
  )
})
