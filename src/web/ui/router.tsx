import { type AnchorHTMLAttributes, type MouseEvent, type Ref, useSyncExternalStore } from 'react'

const changed = 'parley:navigated'

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener)
  window.addEventListener(changed, listener)
  return () => {
    window.removeEventListener('popstate', listener)
    window.removeEventListener(changed, listener)
  }
}

/** The path of the page, without query; re-renders on every navigation. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname)
}

/** Goes to a path of this app. `replace` leaves no step in the history. */
export function navigate(path: string, options: { replace?: boolean } = {}): void {
  if (path === window.location.pathname + window.location.search) return
  if (options.replace) window.history.replaceState(null, '', path)
  else window.history.pushState(null, '', path)
  window.dispatchEvent(new Event(changed))
}

/**
 * Compares a path with a pattern such as `/chats/:id`; `*` at the end takes the rest.
 * @returns the decoded parameters, or null when the path is another one.
 */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  const parameters: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    if (part === '*') return parameters
    const value = given[index]
    if (value === undefined) return null
    if (part.startsWith(':')) parameters[part.slice(1)] = decode(value)
    else if (part !== value) return null
  }
  return given.length === wanted.length ? parameters : null
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A path typed by hand may hold a lone percent sign; it names nothing then and the page says so.
    return part
  }
}

export interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string
  ref?: Ref<HTMLAnchorElement>
}

/** A link inside the app; clicks with a modifier open a tab as usual. */
export function Link({ href, onClick, children, ...properties }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(href)
  }
  return (
    <a {...properties} href={href} onClick={follow}>
      {children}
    </a>
  )
}
