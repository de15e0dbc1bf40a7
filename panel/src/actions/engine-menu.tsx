import { ActionIcon, Button, Menu } from '@mantine/core'
import { IconChevronDown, IconDots, IconDoorExit, IconPlugConnected, IconRefresh, IconTrash } from '@tabler/icons-react'
import { useRef } from 'react'
import type { EngineState } from '../api/contracts.js'
import { useLease } from '../live/use-live.js'
import { usePermission } from '../live/use-session.js'
import { engineName } from '../text/engine-name.js'
import { useDialog } from './dialogs.js'

/** What can be done with one engine; nothing by whoever may only look. */
export function EngineMenu({
  engine,
  wide = false,
}: {
  engine: Pick<EngineState, 'engine_id' | 'forwarded' | 'draining'>
  wide?: boolean
}) {
  const open = useDialog()
  const { allowed } = usePermission()
  const target = useRef<HTMLButtonElement>(null)
  const label = `Actions for engine ${engineName(engine.engine_id)}`
  if (!allowed) return null
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        {wide ? (
          <Button ref={target} variant="default" aria-label={label} rightSection={<IconChevronDown size={16} aria-hidden />}>
            Actions
          </Button>
        ) : (
          <ActionIcon ref={target} variant="subtle" color="gray" size={32} aria-label={label} c="var(--mantine-color-text)">
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        )}
      </Menu.Target>
      <Menu.Dropdown>
        <MakeForwarded engine={engine} act={() => open({ kind: 'designate', engineId: engine.engine_id }, target.current)} />
        <Menu.Item
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={() => open({ kind: 'restart', engineId: engine.engine_id }, target.current)}
        >
          Restart
        </Menu.Item>
        {!engine.draining && (
          <Menu.Item
            leftSection={<IconDoorExit size={16} aria-hidden />}
            onClick={() => open({ kind: 'drain', engineId: engine.engine_id }, target.current)}
          >
            Drain
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item
          c="var(--berth-bad)"
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={() => open({ kind: 'remove', engineId: engine.engine_id }, target.current)}
        >
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function MakeForwarded({ engine, act }: { engine: Pick<EngineState, 'engine_id' | 'forwarded'>; act: () => void }) {
  const lease = useLease()
  const named = lease?.preferred === engine.engine_id
  if (lease?.enabled !== true || (engine.forwarded && named)) return null
  return (
    <Menu.Item leftSection={<IconPlugConnected size={16} aria-hidden />} onClick={act}>
      {engine.forwarded ? 'Keep forwarded' : 'Make forwarded'}
    </Menu.Item>
  )
}
