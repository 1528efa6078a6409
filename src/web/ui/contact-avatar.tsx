import { useState } from 'react'
import classes from './contact-avatar.module.css'

const hues = [196, 262, 330, 14, 96, 150, 224, 44]

/** A stable colour per id, so that people are found again at a glance. */
function hueOf(id: string): number {
  let sum = 0
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973
  return hues[sum % hues.length] ?? 196
}

export interface ContactAvatarProps {
  id: string
  initials: string
  photoUrl: string | null
  /** Pixels. */
  size: number
}

/** Photo or initials; decoration beside a name, so hidden from screen readers. */
export function ContactAvatar({ id, initials, photoUrl, size }: ContactAvatarProps) {
  const [broken, setBroken] = useState(false)
  const hue = hueOf(id)
  return (
    <span
      className={classes.avatar}
      aria-hidden="true"
      // Drawn by the style sheet: as text the letters would count to the name of a button around them.
      data-initials={photoUrl && !broken ? '' : initials.slice(0, 2)}
      style={{
        width: size,
        height: size,
        fontSize: size * 0.37,
        background: `light-dark(hsl(${hue} 52% 90%), hsl(${hue} 30% 24%))`,
        color: `light-dark(hsl(${hue} 60% 25%), hsl(${hue} 60% 84%))`,
      }}
    >
      {photoUrl && !broken && <img src={photoUrl} alt="" width={size} height={size} onError={() => setBroken(true)} loading="lazy" />}
    </span>
  )
}
