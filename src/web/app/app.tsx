import { Button, Center, Loader } from '@mantine/core'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { explain } from '../api/client.ts'
import { LoginPage } from '../session/login-page.tsx'
import { AgentContext, useSession } from '../session/use-session.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorBoundary } from '../ui/error-boundary.tsx'
import { matchPath, navigate, usePath } from '../ui/router.tsx'
import { texts } from './texts.ts'

const SimulatorPage = lazy(async () => ({ default: (await import('../simulator/simulator-page.tsx')).SimulatorPage }))
const Workplace = lazy(async () => ({ default: (await import('./workplace.tsx')).Workplace }))

/** Chooses the page for the path; everything but the Simulator needs a login. */
export function App() {
  const path = usePath()
  return (
    <ErrorBoundary>
      <Suspense fallback={<Waiting />}>{matchPath('/simulator', path) ? <SimulatorPage /> : <LoggedIn path={path} />}</Suspense>
    </ErrorBoundary>
  )
}

function Waiting() {
  return (
    <Center h="100%">
      <Loader size="sm" aria-label={texts.loading} />
    </Center>
  )
}

function LoggedIn({ path }: { path: string }) {
  const session = useSession()
  const hadSession = useRef(false)
  if (session.data) hadSession.current = true
  if (session.isPending) return <Waiting />
  if (session.isError && session.data === undefined) {
    return (
      <main style={{ height: '100%' }}>
        <EmptyState title={texts.unreachableTitle} text={explain(session.error)}>
          <Button onClick={() => void session.refetch()}>{texts.tryAgain}</Button>
        </EmptyState>
      </main>
    )
  }
  if (!session.data) return <LoginPage ended={hadSession.current && path !== '/login'} />
  return <AgentContext value={session.data}>{path === '/login' ? <GoHome /> : <Workplace path={path} />}</AgentContext>
}

function GoHome() {
  useEffect(() => navigate('/', { replace: true }), [])
  return null
}
