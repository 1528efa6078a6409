import './ui/mantine-styles.ts'
import './ui/base.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/query-client.ts'
import { App } from './app/app.tsx'
import { colorScheme, cssVariables, theme } from './ui/theme.ts'

/** Between two reloads for the same reason, in milliseconds; a page that keeps failing must not spin. */
const reloadPauseMs = 30_000

// After an update of Parley an open page may ask for a part that the new version no longer has: load the page anew. What
// the agent has written is kept.
window.addEventListener('vite:preloadError', (event) => {
  const key = 'parley.reloaded-at'
  if (Date.now() - Number(sessionStorage.getItem(key)) < reloadPauseMs) return
  event.preventDefault()
  sessionStorage.setItem(key, String(Date.now()))
  window.location.reload()
})

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element with the id "root"')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} colorSchemeManager={colorScheme} defaultColorScheme="auto">
      <QueryClientProvider client={createQueryClient()}>
        <Notifications position="bottom-left" limit={4} containerWidth={320} />
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
