import { IconPlugConnectedX } from '@tabler/icons-react'
import { useLink } from '../live/use-live.js'
import { useNow } from '../live/use-now.js'
import { elapsed } from '../text/duration.js'
import classes from './link-banner.module.css'

/** Says when what is shown may be old, and how old it is. The region is always there, so that it is read out when it fills. */
export function LinkBanner() {
  const { phase, heardAt, staleSince } = useLink()
  const broken = phase === 'reconnecting'
  return (
    <div role="status" aria-live="polite">
      {broken && <Line text="Reconnecting…" since={heardAt} />}
      {!broken && staleSince !== null && <Line text="Berth cannot reach Temporal and shows the last known state:" since={staleSince} />}
    </div>
  )
}

function Line({ text, since }: { text: string; since: number | null }) {
  const age = useNow((now) => (since === null ? '' : elapsed(now - since)))
  return (
    <div className={classes['banner']}>
      <IconPlugConnectedX size={18} aria-hidden />
      <span>{text}</span>
      {since !== null && <span aria-hidden>data {age} old</span>}
    </div>
  )
}
