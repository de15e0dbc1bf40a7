import { Text } from '@mantine/core'
import { IconAlertCircle, IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Ready } from '../api/contracts.js'
import { readReadiness } from '../api/requests.js'
import classes from './checklist.module.css'
import { PanelCard } from './panel-card.js'

const PARTS: Record<string, string> = {
  temporal: 'Temporal keeps the state',
  worker: 'A worker does the work',
  docker: 'Docker answers',
  gluetun: 'Gluetun answers and is connected',
  lease: 'One engine holds the forwarded port',
}

/** What Berth needs, and what is missing. Not shown while nothing is. */
export function Checklist() {
  const { data } = useQuery<Ready>({ queryKey: ['ready'], queryFn: readReadiness, refetchInterval: 5000 })
  if (data === undefined || data.status === 'ready') return null
  return (
    <PanelCard title="What is missing">
      <ul className={classes['list']}>
        {Object.entries(data.parts).map(([part, { ok, code, detail }]) => (
          <li key={part} className={classes['item']} data-ok={ok || undefined}>
            {ok ? <IconCircleCheck size={20} aria-hidden /> : <IconAlertCircle size={20} aria-hidden />}
            <div>
              <Text fw={ok ? 400 : 600} size="sm" component="div">
                <span className="unseen">{ok ? 'Fine: ' : 'Missing: '}</span>
                {PARTS[part] ?? part}
              </Text>
              {detail !== null && (
                <Text size="sm" c="dimmed" component="div" className={classes['detail']}>
                  {detail}{' '}
                  {code !== null && !ok && (
                    <Link to="/problems/$code" params={{ code }}>
                      What to do
                    </Link>
                  )}
                </Text>
              )}
            </div>
          </li>
        ))}
      </ul>
    </PanelCard>
  )
}
