import classes from './linked-text.module.css'
import { splitLinks } from './split-links.ts'

/** Text as it was written, with its web addresses as links; nothing else in it has a meaning. */
export function LinkedText({ text }: { text: string }) {
  return (
    <span>
      {splitLinks(text).map((part) =>
        part.isLink ? (
          <a key={part.start} className={classes.link} href={part.text} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ) : (
          part.text
        ),
      )}
    </span>
  )
}
