import { useEffect, useRef, useState } from 'react'
import { useLease } from '../live/use-live.js'
import { engineName } from '../text/engine-name.js'

/** Reads out, without showing it, that the port went to another engine. */
export function LeaseAnnouncer() {
  const holder = useLease()?.holder
  const told = useRef<number | null>(null)
  const [text, setText] = useState('')
  useEffect(() => {
    if (holder?.phase !== 'active') return
    if (told.current !== null && told.current !== holder.epoch)
      setText(`Forwarded is now engine ${engineName(holder.engine_id)} on port ${holder.port}, epoch ${holder.epoch}`)
    told.current = holder.epoch
  }, [holder])
  return (
    <div aria-live="polite" className="unseen">
      {text}
    </div>
  )
}
