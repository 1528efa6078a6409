import { Button, Textarea, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type FormEvent, useState } from 'react'
import type { Contact, ContactPatch } from '../../contracts/contacts.ts'
import { ApiError, explain } from '../api/client.ts'
import classes from './contact-page.module.css'
import { texts } from './texts.ts'
import { usePatchContact } from './use-contacts.ts'

const fields = ['name', 'mobilePhone', 'email', 'notes'] as const
type Field = (typeof fields)[number]
type Values = Record<Field, string>

/** Only what was changed; an emptied field is taken away. */
function changesOf(contact: Contact, values: Values): ContactPatch {
  const changes: Record<string, string | null> = {}
  for (const field of fields) {
    const value = field === 'notes' ? values[field] : values[field].trim()
    if (value !== (contact[field] ?? '')) changes[field] = value === '' ? null : value
  }
  return changes as ContactPatch
}

/** The server's words about one field, from a refusal that lists them. */
function problemOf(error: Error | null, field: Field): string | null {
  const problems = error instanceof ApiError && Array.isArray(error.members.problems) ? (error.members.problems as unknown[]) : []
  for (const problem of problems) {
    if (typeof problem !== 'object' || problem === null || !('path' in problem) || !('message' in problem)) continue
    if (String(problem.path).replace(/^\//, '') === field) return String(problem.message)
  }
  return null
}

/** Changes what is known of the contact. */
export function ContactForm({ contact, onDone }: { contact: Contact; onDone: () => void }) {
  const [values, setValues] = useState<Values>({
    name: contact.name,
    mobilePhone: contact.mobilePhone ?? '',
    email: contact.email ?? '',
    notes: contact.notes ?? '',
  })
  const patch = usePatchContact(contact.id)
  const bind = (field: Field) => ({
    value: values[field],
    error: problemOf(patch.error, field),
    onChange: (event: { currentTarget: { value: string } }) => setValues({ ...values, [field]: event.currentTarget.value }),
  })
  const isNamed = fields.some((field) => problemOf(patch.error, field) !== null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const changes = changesOf(contact, values)
    if (Object.keys(changes).length === 0) return onDone()
    patch.mutate(changes, {
      onSuccess: () => {
        notifications.show({ color: 'green', message: texts.saved })
        onDone()
      },
    })
  }
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput label={texts.name} required maxLength={300} autoFocus {...bind('name')} />
      <TextInput label={texts.phone} description={texts.phoneHint} type="tel" maxLength={40} {...bind('mobilePhone')} />
      <TextInput label={texts.email} type="email" maxLength={254} {...bind('email')} />
      <Textarea label={texts.notes} autosize minRows={3} maxRows={12} maxLength={20_000} {...bind('notes')} />
      {patch.isError && !isNamed && (
        <p className={classes.error} role="alert">
          {explain(patch.error)}
        </p>
      )}
      <div className={classes.actions}>
        <Button type="submit" disabled={values.name.trim() === ''} loading={patch.isPending}>
          {texts.save}
        </Button>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  )
}
