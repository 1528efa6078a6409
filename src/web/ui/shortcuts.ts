import { useEffect, useRef, useSyncExternalStore } from 'react'
import { readStored, writeStored } from './stored.ts'

const key = 'parley.single-keys'
const listeners = new Set<() => void>()
let enabled = readStored<boolean>(key) ?? true

/** Whether single keys work as commands; people who dictate text switch them off (WCAG 2.1.4). */
export function useSingleKeys(): [boolean, (next: boolean) => void] {
  const value = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => enabled,
  )
  return [value, setSingleKeys]
}

function setSingleKeys(next: boolean): void {
  enabled = next
  writeStored(key, next)
  for (const listener of listeners) listener()
}

/** Fields that take letters for themselves; a switch or a button does not. */
const fields = 'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select, [role="textbox"]'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches(fields))
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') !== null
}

/** Runs a command for a single key pressed outside of text fields and dialogs. */
export function useShortcuts(commands: Record<string, () => void>): void {
  const current = useRef(commands)
  useEffect(() => {
    current.current = commands
  })
  useEffect(() => {
    // Looked at before anybody handles the key: Esc closes a window, and the key is then meant for nothing else, even when
    // the focus fell out of the window because its button was disabled.
    let hadDialog = false
    const look = () => {
      hadDialog = document.querySelector('[role="dialog"][aria-modal="true"]') !== null
    }
    const onKey = (event: KeyboardEvent) => {
      if (hadDialog) return
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (isTyping(event.target) || isInDialog(event.target)) return
      const command = current.current[event.key]
      if (!command || (event.key.length === 1 && !enabled)) return
      event.preventDefault()
      command()
    }
    window.addEventListener('keydown', look, { capture: true })
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', look, { capture: true })
      window.removeEventListener('keydown', onKey)
    }
  }, [])
}
