let offsetMs = 0

/** The server said what time it is; timers follow it, because an agent's own clock may be minutes off. */
export function setServerTime(instant: string): void {
  const skew = Date.parse(instant) - Date.now()
  // Below two seconds it is only the way of the frame.
  offsetMs = Math.abs(skew) < 2_000 ? 0 : skew
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs
}
