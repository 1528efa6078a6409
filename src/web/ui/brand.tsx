import classes from './brand.module.css'

/** The mark of Parley; `size` in pixels. */
export function Brand({ size = 26, name = false }: { size?: number; name?: boolean }) {
  return (
    <span className={classes.brand}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="#0b6b7d" />
        <path d="M8 11a3 3 0 0 1 3-3h7a3 3 0 0 1 3 3v4a3 3 0 0 1-3 3h-5l-4 3.2a.6.6 0 0 1-1-.5z" fill="#fff" />
        <path
          d="M23 13.2a3 3 0 0 1 2 2.8v8.1a.5.5 0 0 1-.8.4L21 22h-6a3 3 0 0 1-2.6-1.6h5.8A4.8 4.8 0 0 0 23 15.6z"
          fill="#fff"
          opacity=".62"
        />
      </svg>
      {name && <span className={classes.name}>Parley</span>}
    </span>
  )
}
