import { Text, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { memo, useLayoutEffect, useRef, useState } from 'react'
import { EngineMenu } from '../actions/engine-menu.js'
import { useOperation } from '../actions/operations.js'
import type { EngineState } from '../api/contracts.js'
import { count } from '../text/amount.js'
import { engineState } from '../text/engine-state.js'
import { Dot } from './dot.js'
import { EngineLink } from './engine-link.js'
import classes from './engine-table.module.css'
import type { EnginesOrder } from './engines-search.js'
import { ForwardedBadge } from './forwarded-badge.js'
import { Since } from './since.js'

/** Above this only the rows in view are drawn. */
const DRAWN_WHOLE = 60
const ROW_PX = 57

const columns: { name: string; by: EnginesOrder | null }[] = [
  { name: 'Engine', by: 'engine' },
  { name: 'State', by: 'state' },
  { name: 'Streams', by: 'streams' },
  { name: 'Address', by: 'port' },
  { name: 'VPN', by: null },
  { name: 'Runs for', by: 'age' },
]

interface Props {
  engines: EngineState[]
  by: EnginesOrder
  down: boolean
  sort: (by: EnginesOrder) => void
}

/** Engines in rows. A change of one engine draws that row only. */
export function EngineTable({ engines, by, down, sort }: Props) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY)
  }, [])
  const whole = engines.length <= DRAWN_WHOLE
  const virtualizer = useWindowVirtualizer({
    count: whole ? 0 : engines.length,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => engines[index]?.engine_id ?? index,
  })
  const drawn = virtualizer.getVirtualItems()
  const before = whole ? 0 : (drawn[0]?.start ?? top) - top
  const after = whole ? 0 : virtualizer.getTotalSize() - ((drawn.at(-1)?.end ?? top) - top)
  return (
    <table className={classes['table']} aria-rowcount={engines.length + 1}>
      <caption className="unseen">Engines</caption>
      <thead>
        <tr>
          {columns.map(({ name, by: order }) => (
            <th key={name} scope="col" aria-sort={order === by ? (down ? 'descending' : 'ascending') : undefined}>
              {order === null ? (
                name
              ) : (
                <UnstyledButton className={classes['sort']} onClick={() => sort(order)}>
                  {name}
                  {order === by && (down ? <IconArrowDown size={14} aria-hidden /> : <IconArrowUp size={14} aria-hidden />)}
                </UnstyledButton>
              )}
            </th>
          ))}
          <th scope="col">
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        <Gap px={before} />
        {whole
          ? engines.map((engine, index) => <EngineRow key={engine.engine_id} engine={engine} index={index} />)
          : drawn.map(({ index, key }) => {
              const engine = engines[index]
              return engine && <EngineRow key={key} engine={engine} index={index} />
            })}
        <Gap px={after} />
      </tbody>
    </table>
  )
}

function Gap({ px }: { px: number }) {
  if (px <= 0) return null
  return (
    <tr aria-hidden style={{ height: px }}>
      <td colSpan={columns.length + 1} />
    </tr>
  )
}

const EngineRow = memo(function EngineRow({ engine, index }: { engine: EngineState; index: number }) {
  const { tone, text } = engineState(engine, useOperation(engine.engine_id))
  return (
    <tr data-engine={engine.engine_id} aria-rowindex={index + 2} data-forwarded-row={engine.forwarded || undefined}>
      <th scope="row">
        <span className={classes['name']}>
          <EngineLink id={engine.engine_id} />
          <ForwardedBadge engine={engine} />
        </span>
        <Text size="xs" c="dimmed" truncate>
          {engine.container_name ?? 'no container'}
        </Text>
      </th>
      <td title={engine.problem?.detail}>
        <Dot tone={tone}>{text}</Dot>
        {engine.problem !== null && (
          <Text size="xs" c="dimmed" truncate maw={220}>
            {engine.problem.code}
          </Text>
        )}
      </td>
      <td>{engine.streams.length === 0 ? <span className={classes['none']}>none</span> : count(engine.streams.length, 'stream')}</td>
      <td className="mono">
        {engine.host}:{engine.port}
      </td>
      <td>{engine.vpn_container ?? <span className={classes['none']}>none</span>}</td>
      <td className="numbers">{engine.started_at === null ? '–' : <Since at={engine.started_at} />}</td>
      <td className={classes['actions']}>
        <EngineMenu engine={engine} />
      </td>
    </tr>
  )
})
