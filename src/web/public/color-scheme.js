// Runs before the first paint so that a dark page never flashes white. A file, not inline, so that scripts need no CSP exception.
;(() => {
  let chosen = 'auto'
  try {
    chosen = localStorage.getItem('parley.color-scheme') ?? 'auto'
  } catch {
    // Storage may be blocked; the system's scheme is used then.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
