import { Anchor } from '@mantine/core'
import { createLink } from '@tanstack/react-router'

/** A link to another page of the panel. */
export const AnchorLink = createLink(Anchor<'a'>)
