import { useSyncExternalStore } from 'react'
import { serverNow } from './server-clock.ts'

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })

const dayMs = 86_400_000

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

/** Days between two moments by the calendar, not by 24 hours: yesterday evening is one day ago this morning. */
export function calendarDaysBetween(earlierMs: number, laterMs: number): number {
  return Math.round((startOfDay(laterMs) - startOfDay(earlierMs)) / dayMs)
}

/** `now`, `4 min`, `10:42`, `Mon`, `3 Oct`: short enough for a tile. */
export function shortTime(at: string, nowMs: number): string {
  const then = Date.parse(at)
  const minutes = Math.floor((nowMs - then) / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min`
  const days = calendarDaysBetween(then, nowMs)
  if (days === 0) return timeOfDay.format(then)
  return days < 7 ? weekday.format(then) : dayOfYear.format(then)
}

/** `10:42`. */
export function clockTime(at: string): string {
  return timeOfDay.format(Date.parse(at))
}

/** For tooltips: everything there is to say about the moment. */
export function fullTime(at: string): string {
  return full.format(Date.parse(at))
}

/** `Today`, `Yesterday` or the date, for the line between two days. */
export function dayName(at: string, nowMs: number): string {
  const then = Date.parse(at)
  const days = calendarDaysBetween(then, nowMs)
  if (days === 0) return 'Today'
  return days === 1 ? 'Yesterday' : longDay.format(then)
}

/** Milliseconds as `0:07`, `12:30`, `3:05:00` or `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600)
  if (days > 0) return `${days} d ${hours % 24} h`
  const pad = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`
}

interface Ticker {
  subscribe: (listener: () => void) => () => void
  now: () => number
}

const tickers = new Map<number, Ticker>()

function createTicker(everyMs: number): Ticker {
  const listeners = new Set<() => void>()
  let timer = 0
  let now = serverNow()
  const tick = () => {
    now = serverNow()
    for (const listener of listeners) listener()
  }
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    if (listeners.size === 1) {
      now = serverNow()
      timer = window.setInterval(tick, everyMs)
    }
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) window.clearInterval(timer)
    }
  }
  return { subscribe, now: () => now }
}

/**
 * The server's time in milliseconds, renewed every `everyMs`. All users of one interval share a timer and render together.
 */
export function useNow(everyMs: number): number {
  let ticker = tickers.get(everyMs)
  if (!ticker) {
    ticker = createTicker(everyMs)
    tickers.set(everyMs, ticker)
  }
  return useSyncExternalStore(ticker.subscribe, ticker.now)
}
