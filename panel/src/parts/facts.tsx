import { Fragment, type ReactNode } from 'react'
import classes from './facts.module.css'

/** Names and what is known under them; what is `null` is a dash. */
export function Facts({ of }: { of: [name: string, value: ReactNode][] }) {
  return (
    <dl className={classes['facts']}>
      {of.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value ?? '–'}</dd>
        </Fragment>
      ))}
    </dl>
  )
}
