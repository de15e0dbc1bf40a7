import { Text } from '@mantine/core'
import { memo } from 'react'
import type { EngineState } from '../api/contracts.js'
import { count } from '../text/amount.js'
import { engineState } from '../text/engine-state.js'
import { Dot } from './dot.js'
import classes from './engine-brief.module.css'
import { EngineLink } from './engine-link.js'
import { ForwardedBadge } from './forwarded-badge.js'

/** One engine in a line. */
export const EngineBrief = memo(function EngineBrief({ engine }: { engine: EngineState }) {
  const { tone, text } = engineState(engine)
  return (
    <li className={classes['brief']} data-engine={engine.engine_id}>
      <span className={classes['name']}>
        <EngineLink id={engine.engine_id} />
        <ForwardedBadge engine={engine} />
      </span>
      <Text size="sm" component="span">
        <Dot tone={tone}>{text}</Dot>
      </Text>
      <Text size="sm" c="dimmed" component="span" className={classes['streams']}>
        {engine.streams.length === 0 ? 'free' : count(engine.streams.length, 'stream')}
      </Text>
    </li>
  )
})
