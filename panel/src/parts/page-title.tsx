import { Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** The page's one heading, its title in the browser, and what can be done here. */
export function PageTitle({ title, about, children }: { title: string; about?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = title === 'Overview' ? 'Berth' : `${title} · Berth`
  }, [title])
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
      <div style={{ minWidth: 0 }}>
        <Title order={1}>{title}</Title>
        {about !== undefined && (
          <Text c="dimmed" size="sm" mt={2} component="div">
            {about}
          </Text>
        )}
      </div>
      {children !== undefined && <Group gap="xs">{children}</Group>}
    </Group>
  )
}
