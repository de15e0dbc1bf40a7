import type { ReactNode } from 'react'
import classes from './dot.module.css'

export type Tone = 'good' | 'bad' | 'warn' | 'idle' | 'busy'

/** A state in words, with a dot in its colour: never the colour alone. */
export function Dot({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes['state']} data-tone={tone}>
      <span className={classes['dot']} aria-hidden />
      {children}
    </span>
  )
}
