import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { EmptyState } from './empty-state.js'
import { PageTitle } from './page-title.js'

/** An address that leads nowhere. */
export function NotThere() {
  return (
    <>
      <PageTitle title="Nothing here" />
      <EmptyState title="There is no such page" text="The address is mistyped, or what it named is gone.">
        <Button component={Link} to="/">
          To the overview
        </Button>
      </EmptyState>
    </>
  )
}
