import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './dialog.module.css'

export interface DialogProps {
  title: string
  onClose: () => void
  /** Pixels. */
  size?: number
  children: ReactNode
}

/** A window above the page that keeps the focus until it is closed; Esc closes it. */
export function Dialog({ title, onClose, size = 460, children }: DialogProps) {
  return (
    <Modal.Root opened onClose={onClose} size={size} yOffset="8dvh">
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header: its <header> would be a second banner of the page. */}
        <div className={classes.head}>
          <Modal.Title className={classes.title ?? ''}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body className={classes.body ?? ''}>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** The buttons at the end of a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={classes.actions}>{children}</div>
}
