import { Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleX, IconInfoCircle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './notice.module.css'

const ICONS = { info: IconInfoCircle, warn: IconAlertTriangle, bad: IconCircleX }

/** Something that wants to be read: a trouble, a consequence. */
export function Notice({ kind, title, children }: { kind: keyof typeof ICONS; title: ReactNode; children?: ReactNode }) {
  const Icon = ICONS[kind]
  return (
    <div className={classes['notice']} data-kind={kind}>
      <Icon size={20} className={classes['icon']} aria-hidden />
      <div className={classes['body']}>
        <Text fw={600} size="sm" component="div">
          {title}
        </Text>
        {children !== undefined && (
          <Text size="sm" mt={2} component="div">
            {children}
          </Text>
        )}
      </div>
    </div>
  )
}
