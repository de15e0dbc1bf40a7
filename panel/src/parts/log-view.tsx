import { Button, Group, NativeSelect, Switch, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { EngineLogs } from '../api/contracts.js'
import { readLogs } from '../api/requests.js'
import { moment } from '../text/duration.js'
import { EmptyState } from './empty-state.js'
import { Failure } from './failure.js'
import { Loading } from './loading.js'
import classes from './log-view.module.css'
import { PanelCard } from './panel-card.js'

const FOLLOW_MS = 2000
const TAILS = ['100', '200', '500', '1000']

/** The last lines that an engine wrote. */
export function LogView({ engineId, containerId }: { engineId: string; containerId: string | null }) {
  const [follow, setFollow] = useState(true)
  const [tail, setTail] = useState('200')
  const { data, error, refetch } = useQuery({
    queryKey: ['logs', engineId, containerId, tail],
    queryFn: ({ signal }) => readLogs(engineId, Number(tail), { signal }),
    refetchInterval: follow ? FOLLOW_MS : false,
    enabled: containerId !== null,
    placeholderData: (before) => (before?.container_id === containerId ? before : undefined),
  })
  return (
    <PanelCard
      title="Logs"
      flush
      aside={
        <Group gap="sm">
          <NativeSelect
            aria-label="Lines"
            size="xs"
            value={tail}
            onChange={({ currentTarget }) => setTail(currentTarget.value)}
            data={TAILS.map((value) => ({ value, label: `${value} lines` }))}
          />
          <Switch label="Follow" checked={follow} onChange={({ currentTarget }) => setFollow(currentTarget.checked)} />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={15} aria-hidden />}
            disabled={data === undefined}
            onClick={() => data && download(`${engineId}.log`, asText(data))}
          >
            Download
          </Button>
        </Group>
      }
    >
      {containerId === null ? (
        <EmptyState title="It has no container now" text="Its logs show up when it has one." />
      ) : data !== undefined ? (
        <Lines logs={data} follow={follow} />
      ) : (
        <div style={{ padding: '0 18px 14px' }}>
          {error === null ? <Loading lines={6} /> : <Failure error={error} retry={() => void refetch()} />}
        </div>
      )}
      {data !== undefined && error !== null && (
        <Text size="xs" px={18} py={6}>
          These lines may be old: {error.message}
        </Text>
      )}
    </PanelCard>
  )
}

function Lines({ logs, follow }: { logs: EngineLogs; follow: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (follow && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [logs, follow])
  if (logs.lines.length === 0) return <EmptyState title="It has written nothing yet" text="New lines show up here." />
  return (
    // A region that scrolls is reached by keyboard.
    <div ref={box} className={classes['lines']} role="region" aria-label="Log lines" tabIndex={0}>
      {numbered(logs).map(({ key, at, stream, text }) => (
        <div key={key} className={classes['line']} data-stream={stream}>
          {at !== null && <time dateTime={at}>{moment(at)}</time>}
          <span>
            {stream === 'stderr' && <span className="unseen">error output: </span>}
            {text}
          </span>
        </div>
      ))}
    </div>
  )
}

/** Lines with a key of their own, the same when the same line is read again. */
function numbered({ lines }: EngineLogs) {
  const seen = new Map<string, number>()
  return lines.map((line) => {
    const base = `${line.at} ${line.stream} ${line.text}`
    const times = seen.get(base) ?? 0
    seen.set(base, times + 1)
    return { ...line, key: `${base} ${times}` }
  })
}

function asText({ lines }: EngineLogs): string {
  return lines.map(({ at, stream, text }) => `${at ?? '-'} ${stream} ${text}\n`).join('')
}

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}
