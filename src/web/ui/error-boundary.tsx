import { Button } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { EmptyState } from './empty-state.tsx'

const texts = {
  brokenTitle: 'This page has stopped working',
  brokenText: 'Unsent text is kept. Reload the page; if it happens again, tell your administrator what you did.',
  reload: 'Reload the page',
}

/** Catches what a page threw while rendering and offers the way out. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children
    return (
      <main style={{ height: '100%' }}>
        <EmptyState title={texts.brokenTitle} text={texts.brokenText}>
          <Button onClick={() => window.location.reload()}>{texts.reload}</Button>
        </EmptyState>
      </main>
    )
  }
}
