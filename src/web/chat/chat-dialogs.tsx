import { Button, Loader, TextInput } from '@mantine/core'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { explain } from '../api/client.ts'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import classes from './dialogs.module.css'
import { LinkDialog } from './link-dialog.tsx'
import { texts } from './texts.ts'
import { TransferDialog } from './transfer-dialog.tsx'
import type { ChatAction, ChatActions } from './use-actions.ts'

// form-js is as large as the rest of the chat: it comes when a process asks something.
const TaskDialog = lazy(async () => ({ default: (await import('./task-dialog.tsx')).TaskDialog }))

/** The window that is open above the chat, if any. */
export function ChatDialogs({ chat, actions }: { chat: Chat; actions: ChatActions }) {
  const { dialog, open, run, link, submit } = actions
  const close = () => open(null)
  switch (dialog?.kind) {
    case undefined:
      return null
    case 'transfer':
      return <TransferDialog chat={chat} onClose={close} />
    case 'link': {
      const { action } = dialog
      return (
        <LinkDialog
          chat={chat}
          onClose={close}
          onLink={({ id }) => (action ? run.mutate({ action, inputs: { contactId: id } }) : link.mutate(id))}
          isLinking={link.isPending || run.isPending}
          error={link.error ?? run.error}
        />
      )
    }
    case 'inputs':
      return (
        <InputsDialog
          action={dialog.action}
          onClose={close}
          onRun={(inputs) => run.mutate({ action: dialog.action, inputs })}
          isRunning={run.isPending}
          error={run.error}
        />
      )
    case 'form':
      return (
        <Suspense
          fallback={
            <Dialog title={dialog.caption} onClose={close}>
              <Loader size="sm" aria-label={texts.loading} />
            </Dialog>
          }
        >
          <TaskDialog
            key={dialog.form.taskId}
            caption={dialog.caption}
            form={dialog.form}
            onClose={close}
            onSubmit={(variables) => submit.mutate({ taskId: dialog.form.taskId, caption: dialog.caption, variables })}
            isSubmitting={submit.isPending}
            error={submit.error}
          />
        </Suspense>
      )
  }
}

/** `callbackTime` → `Callback time`. */
function labelOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

interface InputsDialogProps {
  action: ChatAction
  onClose: () => void
  onRun: (inputs: Record<string, unknown>) => void
  isRunning: boolean
  error: Error | null
}

/** Asks for what a process declares as inputs. */
function InputsDialog({ action, onClose, onRun, isRunning, error }: InputsDialogProps) {
  const [values, setValues] = useState<Record<string, string>>({})
  const isComplete = action.inputs.every(({ name, required }) => !required || (values[name] ?? '').trim() !== '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isComplete) onRun(Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== '')))
  }
  return (
    <Dialog title={action.caption} onClose={onClose}>
      <form onSubmit={submit} className={classes.fields}>
        {action.inputs.map(({ name, required }, index) => (
          <TextInput
            key={name}
            label={labelOf(name)}
            required={required}
            data-autofocus={index === 0 || undefined}
            value={values[name] ?? ''}
            onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
          />
        ))}
        {error && (
          <p className={classes.error} role="alert">
            {explain(error)}
          </p>
        )}
        <DialogActions>
          <Button type="submit" disabled={!isComplete} loading={isRunning}>
            {texts.runAction}
          </Button>
          <Button variant="default" onClick={onClose}>
            {texts.cancel}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
