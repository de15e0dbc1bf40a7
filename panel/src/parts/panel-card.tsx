import { Group, Paper, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './panel-card.module.css'

/** A part of a page under a heading of its own. */
export function PanelCard({
  title,
  aside,
  flush = false,
  children,
}: {
  title: string
  aside?: ReactNode
  flush?: boolean
  children: ReactNode
}) {
  const id = useId()
  return (
    <Paper component="section" withBorder className={classes['card']} aria-labelledby={id} data-flush={flush || undefined}>
      <Group justify="space-between" className={classes['head']} gap="xs">
        <Title order={2} id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      <div className={classes['content']}>{children}</div>
    </Paper>
  )
}
