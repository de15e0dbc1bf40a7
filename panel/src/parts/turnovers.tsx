import { Text } from '@mantine/core'
import type { LeaseTurnover } from '../api/contracts.js'
import { duration, fullMoment, moment } from '../text/duration.js'
import { EngineLink } from './engine-link.js'
import { Since } from './since.js'
import classes from './turnovers.module.css'

/** Tenures of the port, the newest first: who, at which epoch and port, why, and how long nobody held it before. */
export function Turnovers({ items }: { items: LeaseTurnover[] }) {
  return (
    <ol className={classes['list']}>
      {items.map((turnover) => (
        <li key={turnover.epoch} className={classes['item']} data-now={turnover.ended_at === null || undefined} data-epoch={turnover.epoch}>
          <div className={classes['line']}>
            <span className={classes['epoch']} title={`Epoch ${turnover.epoch}`}>
              <span className="unseen">Epoch </span>
              {turnover.epoch}
            </span>
            <EngineLink id={turnover.engine_id} />
            <Text size="sm" component="span">
              port <span className="mono">{turnover.port}</span>
            </Text>
            <Text size="sm" c="dimmed" component="span" className={classes['when']}>
              <time dateTime={turnover.granted_at} title={fullMoment(turnover.granted_at)}>
                {moment(turnover.granted_at)}
              </time>
            </Text>
          </div>
          <Text size="sm" c="dimmed" component="div">
            {turnover.began === 'first' ? 'The first to hold it' : `Because: ${turnover.began}`}
            {turnover.gap_ms !== null && ` · nobody held it for ${duration(turnover.gap_ms)}`}
            {' · '}
            {turnover.ended_at === null ? (
              <>
                holds it for <Since at={turnover.granted_at} />
              </>
            ) : (
              `held it for ${duration(Date.parse(turnover.ended_at) - Date.parse(turnover.granted_at))}`
            )}
          </Text>
        </li>
      ))}
    </ol>
  )
}
