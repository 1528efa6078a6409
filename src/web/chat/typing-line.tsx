import { useQuery } from '@tanstack/react-query'
import { keys } from '../api/keys.ts'
import { useNow } from '../ui/time.ts'
import { texts } from './texts.ts'
import classes from './typing-line.module.css'

/** A sign of typing counts this long, in milliseconds. */
const validMs = 6_000

/** Who is writing at this moment. */
export function TypingLine({ chatId }: { chatId: string }) {
  const { data } = useQuery<{ name: string; at: number } | null>({ queryKey: keys.typing(chatId), enabled: false, queryFn: () => null })
  return data ? <Line name={data.name} at={data.at} /> : null
}

function Line({ name, at }: { name: string; at: number }) {
  useNow(1_000)
  if (Date.now() - at > validMs) return null
  return (
    <p className={classes.line}>
      <span className={classes.dots} aria-hidden="true">
        <span />
        <span />
        <span />
      </span>
      {texts.typing(name)}
    </p>
  )
}
