import type { ReactNode } from 'react'
import { AnchorLink } from '../parts/anchor-link.js'

/** What a toast says of an engine, a stream or the lease, and where its events are. */
export const told = (text: string, about: string): ReactNode => (
  <>
    {text}{' '}
    <AnchorLink to="/events" search={{ about }} size="sm">
      Its events
    </AnchorLink>
  </>
)
