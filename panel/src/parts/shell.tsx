import { ActionIcon, AppShell, Burger, Group, Kbd, NavLink, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import {
  IconActivity,
  IconAnchor,
  IconBook2,
  IconBroadcast,
  IconDeviceDesktop,
  IconEngine,
  IconHome,
  IconKey,
  IconMoon,
  IconPlugConnected,
  IconSearch,
  IconSettings,
  IconShieldLock,
  IconSun,
} from '@tabler/icons-react'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Dialogs, useDialog } from '../actions/dialogs.js'
import { useLink } from '../live/use-live.js'
import { useSession } from '../live/use-session.js'
import { LeaseAnnouncer } from './lease-announcer.js'
import { LinkBanner } from './link-banner.js'
import { Locked } from './locked.js'
import classes from './shell.module.css'

const pages = [
  { to: '/', name: 'Overview', Icon: IconHome },
  { to: '/engines', name: 'Engines', Icon: IconEngine },
  { to: '/lease', name: 'Lease', Icon: IconPlugConnected },
  { to: '/streams', name: 'Streams', Icon: IconBroadcast },
  { to: '/vpn', name: 'VPN', Icon: IconShieldLock },
  { to: '/events', name: 'Events', Icon: IconActivity },
  { to: '/settings', name: 'Settings', Icon: IconSettings },
] as const

const Palette = lazy(() => import('./palette.js'))

/** What is around every page. */
export function Shell() {
  return (
    <Dialogs>
      <Frame />
    </Dialogs>
  )
}

function Frame() {
  const [menu, { toggle, close }] = useDisclosure(false)
  const [asked, setAsked] = useState(0)
  const { pathname } = useLocation()
  const main = useRef<HTMLElement>(null)
  const link = useLink()
  const { data: session } = useSession()
  useHotkeys([['mod+K', () => setAsked((before) => before + 1)]], [])
  useEffect(close, [pathname, close])
  useFocusOnNewPage(main, pathname)
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !menu } }} padding={0}>
      <a href="#main" className={classes['skip']}>
        Skip to the page
      </a>
      <AppShell.Header className={classes['header']}>
        <Group gap="xs" wrap="nowrap">
          <Burger
            opened={menu}
            onClick={toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label={menu ? 'Close the menu' : 'Open the menu'}
            aria-expanded={menu}
          />
          <Link to="/" className={classes['brand']} aria-label="Berth, to the overview">
            <span className={classes['mark']}>
              <IconAnchor size={18} aria-hidden />
            </span>
            Berth
          </Link>
        </Group>
        <Group gap={6} wrap="nowrap">
          <UnstyledButton className={classes['search']} onClick={() => setAsked((before) => before + 1)}>
            <IconSearch size={16} aria-hidden />
            <span className={classes['searchText']}>Search and commands</span>
            <Kbd size="xs" className={classes['searchText']}>
              Ctrl K
            </Kbd>
          </UnstyledButton>
          <SchemeButton />
          <KeyButton />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className={classes['navbar']} aria-label="Pages">
        <div className={classes['pages']}>
          {pages.map(({ to, name, Icon }) => {
            const active = to === '/' ? pathname === '/' : pathname.startsWith(to)
            return (
              <NavLink
                key={to}
                component={Link}
                to={to}
                label={name}
                active={active}
                aria-current={active ? 'page' : undefined}
                leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
                className={classes['page']}
              />
            )
          })}
        </div>
        <div>
          <NavLink
            href="/docs"
            label="API docs"
            leftSection={<IconBook2 size={18} stroke={1.7} aria-hidden />}
            className={classes['page']}
          />
          <Text size="xs" c="dimmed" px="sm" py={6}>
            Berth {session?.version ?? ''}
          </Text>
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes['main']}>
        <LinkBanner />
        <LeaseAnnouncer />
        <div className={classes['content']}>{link.phase === 'locked' ? <Locked /> : <Outlet />}</div>
      </AppShell.Main>
      {asked > 0 && (
        <Suspense>
          <Palette asked={asked} />
        </Suspense>
      )}
    </AppShell>
  )
}

/** Whoever goes on by keyboard or hears the page starts at the new one's beginning. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>, pathname: string): void {
  const first = useRef(pathname)
  useEffect(() => {
    if (first.current === pathname) return
    first.current = pathname
    main.current?.focus({ preventScroll: true })
  }, [main, pathname])
}

const schemes = {
  auto: { name: 'as the system', next: 'light', Icon: IconDeviceDesktop },
  light: { name: 'light', next: 'dark', Icon: IconSun },
  dark: { name: 'dark', next: 'auto', Icon: IconMoon },
} as const

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const { name, next, Icon } = schemes[colorScheme]
  const label = `Colours: ${name}. Change to ${schemes[next].name}`
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={36}
      aria-label={label}
      title={label}
      className={classes['icon']}
      onClick={() => setColorScheme(next)}
    >
      <Icon size={18} aria-hidden />
    </ActionIcon>
  )
}

/** Says what the key allows; a key is entered and forgotten behind it. */
function KeyButton() {
  const open = useDialog()
  const { data: session } = useSession()
  if (session !== undefined && !session.key_required && !session.read_key_required) return null
  const role = session?.role ?? null
  return (
    <UnstyledButton
      className={classes['role']}
      aria-label={role === null ? 'Enter a key' : `Your key: ${role}. Change it`}
      onClick={({ currentTarget }) => open({ kind: 'key' }, currentTarget)}
    >
      <IconKey size={16} aria-hidden />
      <span>{role ?? 'read only'}</span>
    </UnstyledButton>
  )
}
