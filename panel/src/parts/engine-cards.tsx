import { Group, Paper, Text } from '@mantine/core'
import { memo } from 'react'
import { EngineMenu } from '../actions/engine-menu.js'
import { useOperation } from '../actions/operations.js'
import type { EngineState } from '../api/contracts.js'
import { count } from '../text/amount.js'
import { engineState } from '../text/engine-state.js'
import { Dot } from './dot.js'
import classes from './engine-cards.module.css'
import { EngineLink } from './engine-link.js'
import { ForwardedBadge } from './forwarded-badge.js'
import { Since } from './since.js'

/** Engines where there is no room for a table. */
export function EngineCards({ engines }: { engines: EngineState[] }) {
  return (
    <ul className={classes['cards']} aria-label="Engines">
      {engines.map((engine) => (
        <EngineCard key={engine.engine_id} engine={engine} />
      ))}
    </ul>
  )
}

const EngineCard = memo(function EngineCard({ engine }: { engine: EngineState }) {
  const { tone, text } = engineState(engine, useOperation(engine.engine_id))
  return (
    <Paper component="li" withBorder className={classes['card']} data-engine={engine.engine_id}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap={8}>
            <EngineLink id={engine.engine_id} />
            <ForwardedBadge engine={engine} />
          </Group>
          <Text size="xs" c="dimmed" truncate>
            {engine.container_name ?? 'no container'}
          </Text>
        </div>
        <EngineMenu engine={engine} />
      </Group>
      <Group gap="4px 16px" mt={6} fz="sm">
        <Dot tone={tone}>{text}</Dot>
        <span>{engine.streams.length === 0 ? 'no streams' : count(engine.streams.length, 'stream')}</span>
        {engine.started_at !== null && (
          <Text span size="sm" c="dimmed">
            runs for <Since at={engine.started_at} />
          </Text>
        )}
      </Group>
      <Text size="sm" className="mono" mt={4} style={{ overflowWrap: 'anywhere' }}>
        {engine.host}:{engine.port}
      </Text>
      {engine.problem !== null && (
        <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
          {engine.problem.detail}
        </Text>
      )}
    </Paper>
  )
})
