import { Kbd, Modal } from '@mantine/core'
import { useSingleKeys } from '../ui/shortcuts.ts'
import classes from './help-dialog.module.css'
import { texts } from './texts.ts'

const groups: { title: string; rows: { keys: string[]; text: string }[] }[] = [
  {
    title: 'Inbox',
    rows: [
      { keys: ['↑', '↓'], text: 'Move through the chats of the list' },
      { keys: ['Enter'], text: 'Open the chat' },
      { keys: ['J', 'K'], text: 'Open the next or previous chat' },
      { keys: ['L'], text: 'Go to the list' },
    ],
  },
  {
    title: 'Chat',
    rows: [
      { keys: ['A'], text: 'Accept the chat' },
      { keys: ['R'], text: 'Reply' },
      { keys: ['N'], text: 'Write a private note' },
      { keys: ['P'], text: 'Show or hide the contact' },
      { keys: ['O'], text: 'Show or hide translation' },
      { keys: ['Q'], text: 'Quick actions' },
      { keys: ['T'], text: 'Transfer the chat' },
      { keys: ['E'], text: 'Complete the chat' },
      { keys: ['Esc'], text: 'Leave the text field, then the chat' },
    ],
  },
  {
    title: 'Writing',
    rows: [
      { keys: ['Enter'], text: 'Send' },
      { keys: ['Shift', 'Enter'], text: 'New line' },
      { keys: ['/', '/'], text: 'Find a template' },
    ],
  },
]

const note = {
  on: 'Letters work while no text field has the focus. They can be switched off in Settings.',
  off: 'Letters are switched off in Settings; arrows, Enter and Esc work.',
}

/** Every keyboard shortcut. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const [singleKeys] = useSingleKeys()
  return (
    <Modal.Root opened onClose={onClose} centered>
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header: its <header> would be a second banner of the page. */}
        <div className={classes.head}>
          <Modal.Title className={classes.heading ?? ''}>{texts.help}</Modal.Title>
          <Modal.CloseButton aria-label={texts.close} />
        </div>
        <Modal.Body>
          {groups.map((group) => (
            <section key={group.title} className={classes.group}>
              <h3 className={classes.title}>{group.title}</h3>
              <dl className={classes.rows}>
                {group.rows.map((row) => (
                  <div key={row.text} className={classes.row}>
                    <dt>{row.text}</dt>
                    <dd className={classes.keys}>
                      {row.keys.map((key) => (
                        <Kbd key={key}>{key}</Kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
          <p className={classes.note}>{singleKeys ? note.on : note.off}</p>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
