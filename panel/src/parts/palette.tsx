import { createSpotlight, Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import '@mantine/spotlight/styles.css'
import {
  IconActivity,
  IconArrowsExchange,
  IconBook2,
  IconBroadcast,
  IconEngine,
  IconHome,
  IconPlugConnected,
  IconPlus,
  IconRefresh,
  IconScale,
  IconSearch,
  IconSettings,
  IconShieldLock,
} from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useDialog } from '../actions/dialogs.js'
import { useEngines, useLease } from '../live/use-live.js'
import { usePermission } from '../live/use-session.js'
import { engineName } from '../text/engine-name.js'
import { engineState } from '../text/engine-state.js'

const [store, spotlight] = createSpotlight()

const pages = [
  { to: '/', label: 'Overview', Icon: IconHome },
  { to: '/engines', label: 'Engines', Icon: IconEngine },
  { to: '/lease', label: 'Lease', Icon: IconPlugConnected },
  { to: '/streams', label: 'Streams', Icon: IconBroadcast },
  { to: '/vpn', label: 'VPN', Icon: IconShieldLock },
  { to: '/events', label: 'Events', Icon: IconActivity },
  { to: '/settings', label: 'Settings', Icon: IconSettings },
] as const

/** Everything by keyboard: pages, engines, and what may be done. Opens each time `asked` grows. */
export default function Palette({ asked }: { asked: number }) {
  const navigate = useNavigate()
  const open = useDialog()
  const engines = useEngines() ?? []
  const lease = useLease()
  const { allowed } = usePermission()
  const opener = useRef<HTMLElement | null>(null)
  useEffect(() => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    spotlight.open()
  }, [asked])

  const actions: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: [
        ...pages.map(({ to, label, Icon }) => ({
          id: `page ${to}`,
          label,
          leftSection: <Icon size={18} aria-hidden />,
          onClick: () => void navigate({ to }),
        })),
        { id: 'docs', label: 'API docs', leftSection: <IconBook2 size={18} aria-hidden />, onClick: () => location.assign('/docs') },
      ],
    },
    {
      group: 'Actions',
      actions: allowed
        ? [
            {
              id: 'provision',
              label: 'Provision an engine',
              leftSection: <IconPlus size={18} aria-hidden />,
              onClick: () => open({ kind: 'provision' }, opener.current),
            },
            {
              id: 'scale',
              label: 'Scale the fleet',
              leftSection: <IconScale size={18} aria-hidden />,
              onClick: () => open({ kind: 'scale' }, opener.current),
            },
            ...(lease?.enabled === true
              ? [
                  {
                    id: 'elect',
                    label: 'Elect another engine',
                    leftSection: <IconArrowsExchange size={18} aria-hidden />,
                    onClick: () => open({ kind: 'elect', candidate: null }, opener.current),
                  },
                  {
                    id: 'rotate',
                    label: 'Rotate the forwarded port',
                    leftSection: <IconRefresh size={18} aria-hidden />,
                    onClick: () => open({ kind: 'rotate' }, opener.current),
                  },
                ]
              : []),
          ]
        : [],
    },
    {
      group: 'Engines',
      actions: engines.map((engine) => ({
        id: engine.engine_id,
        label: engineName(engine.engine_id),
        description: [engine.forwarded && 'Forwarded', engineState(engine).text, engine.container_name, `port ${engine.port}`]
          .filter(Boolean)
          .join(', '),
        keywords: [engine.engine_id, engine.container_id ?? ''],
        onClick: () => void navigate({ to: '/engines/$engineId', params: { engineId: engine.engine_id } }),
      })),
    },
  ]
  return (
    <Spotlight
      store={store}
      actions={actions}
      attributes={{ content: { 'aria-label': 'Search and commands' } }}
      shortcut={null}
      limit={12}
      scrollable
      maxHeight={420}
      nothingFound="Nothing found"
      transitionProps={{ duration: 100 }}
      searchProps={{
        'aria-label': 'Search and commands',
        placeholder: 'Page, action or engine…',
        leftSection: <IconSearch size={18} aria-hidden />,
      }}
    />
  )
}
