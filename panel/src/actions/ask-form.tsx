import { Button, Group, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { Failure } from '../parts/failure.js'

interface Props {
  act: string
  danger?: boolean
  /** False while something is still to be filled in. */
  ready?: boolean
  change: { mutate: () => void; isPending: boolean; error: Error | null }
  close: () => void
  children: ReactNode
}

/** What will happen, what is to be filled in, and the two ways out. */
export function AskForm({ act, danger = false, ready = true, change, close, children }: Props) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !change.isPending) change.mutate()
      }}
    >
      <Stack gap="md">
        {children}
        {change.error !== null && <Failure error={change.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color={danger ? 'red.9' : undefined} disabled={!ready} loading={change.isPending}>
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
