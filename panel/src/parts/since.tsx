import { useNow } from '../live/use-now.js'
import { elapsed, fullMoment } from '../text/duration.js'

/** How long ago that was; the exact time is its title. */
export function Since({ at, ago = false }: { at: string; ago?: boolean }) {
  const began = Date.parse(at)
  const text = useNow((now) => elapsed(now - began))
  return (
    <time dateTime={at} title={fullMoment(at)} style={{ whiteSpace: 'nowrap' }}>
      {text}
      {ago && ' ago'}
    </time>
  )
}
