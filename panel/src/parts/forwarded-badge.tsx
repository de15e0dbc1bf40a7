import { Badge } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import type { EngineState } from '../api/contracts.js'

/** On the one engine that holds the forwarded port by the word of the lease, and on no other. */
export function ForwardedBadge({
  engine,
  size = 'md',
}: {
  engine: Pick<EngineState, 'forwarded' | 'forwarded_port' | 'lease_epoch'>
  size?: 'md' | 'lg'
}) {
  if (!engine.forwarded) return null
  const label = engine.forwarded_port === null ? 'Holds the forwarded port' : `Holds forwarded port ${engine.forwarded_port}`
  return (
    <Badge
      variant="filled"
      size={size}
      role="img"
      aria-label={label}
      leftSection={<IconPlugConnected size={14} aria-hidden />}
      data-forwarded
      data-epoch={engine.lease_epoch}
    >
      Forwarded
    </Badge>
  )
}
