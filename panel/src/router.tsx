/**
 * @module
 * The pages and their addresses. All but the overview are loaded when they are first looked at.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { OverviewPage } from './pages/overview.js'
import { readEnginesSearch } from './parts/engines-search.js'
import { NotThere } from './parts/not-there.js'
import { Shell } from './parts/shell.js'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotThere })
const getParentRoute = () => rootRoute

const routeTree = rootRoute.addChildren([
  createRoute({ getParentRoute, path: '/', component: OverviewPage }),
  createRoute({
    getParentRoute,
    path: '/engines',
    validateSearch: readEnginesSearch,
    component: lazyRouteComponent(() => import('./pages/engines.js'), 'EnginesPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/engines/$engineId',
    component: lazyRouteComponent(() => import('./pages/engine.js'), 'EnginePage'),
  }),
  createRoute({ getParentRoute, path: '/lease', component: lazyRouteComponent(() => import('./pages/lease.js'), 'LeasePage') }),
  createRoute({ getParentRoute, path: '/streams', component: lazyRouteComponent(() => import('./pages/streams.js'), 'StreamsPage') }),
  createRoute({ getParentRoute, path: '/vpn', component: lazyRouteComponent(() => import('./pages/vpn.js'), 'VpnPage') }),
  createRoute({
    getParentRoute,
    path: '/events',
    validateSearch: ({ about }: Record<string, unknown>): { about?: string } => (typeof about === 'string' ? { about } : {}),
    component: lazyRouteComponent(() => import('./pages/events.js'), 'EventsPage'),
  }),
  createRoute({ getParentRoute, path: '/settings', component: lazyRouteComponent(() => import('./pages/settings.js'), 'SettingsPage') }),
  createRoute({
    getParentRoute,
    path: '/problems/$code',
    component: lazyRouteComponent(() => import('./pages/problem.js'), 'ProblemPage'),
  }),
])

export const createPanelRouter = () => createRouter({ routeTree, basepath: '/panel', defaultPreload: 'intent', scrollRestoration: true })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPanelRouter>
  }
}
