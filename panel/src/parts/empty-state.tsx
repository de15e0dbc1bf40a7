import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Why there is nothing to show, and what to do about it. */
export function EmptyState({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <Stack align="center" gap={6} py="xl" px="md" ta="center">
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" size="sm" maw={460} component="div">
        {text}
      </Text>
      {children}
    </Stack>
  )
}
