/**
 * @module
 * Starts the panel.
 */
import '@mantine/core/styles.css'
import './panel.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client.js'
import { LiveConnection } from './live/connection.js'
import { ConnectionContext } from './live/use-live.js'
import { createPanelRouter } from './router.js'
import { theme, variables } from './theme.js'

if (!location.pathname.startsWith('/panel')) history.replaceState(null, '', '/panel/')

const client = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      /** What Berth refused it refuses again; what did not reach it is tried again when the connection is back. */
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status !== null && error.status < 500),
    },
  },
})
const connection = new LiveConnection(client)
connection.start()

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <ConnectionContext value={connection}>
        <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
          <RouterProvider router={createPanelRouter()} />
        </MantineProvider>
      </ConnectionContext>
    </QueryClientProvider>
  </StrictMode>,
)
