import { Skeleton, Stack } from '@mantine/core'
import { useLink } from '../live/use-live.js'
import { Failure } from './failure.js'

/** What stands where the live state will be, or why it does not come. */
export function Loading({ lines = 4 }: { lines?: number }) {
  const { error } = useLink()
  if (error !== null) return <Failure error={error} />
  return (
    <Stack gap="sm" aria-busy="true">
      <span className="unseen">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={line === 0 ? 28 : 18} width={`${100 - line * 9}%`} />
      ))}
    </Stack>
  )
}
