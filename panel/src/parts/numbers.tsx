import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './numbers.module.css'

/** A few numbers side by side. */
export function Numbers({ of }: { of: { name: string; value: ReactNode; about?: ReactNode }[] }) {
  return (
    <dl className={classes['numbers']}>
      {of.map(({ name, value, about }) => (
        <Paper key={name} withBorder className={classes['number']}>
          <dt>{name}</dt>
          <dd className={classes['value']}>{value}</dd>
          {about !== undefined && (
            <Text component="dd" size="xs" c="dimmed" m={0}>
              {about}
            </Text>
          )}
        </Paper>
      ))}
    </dl>
  )
}
