import { useEffect } from 'react'

/** Names the page in the browser's tab; `count` unread messages come first. */
export function useTitle(title: string, count = 0): void {
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}${title} · Parley`
  }, [title, count])
}
