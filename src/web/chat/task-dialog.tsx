import '@bpmn-io/form-js-viewer/dist/assets/form-js.css'
import { Form } from '@bpmn-io/form-js-viewer'
import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { ApiError, explain } from '../api/client.ts'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import classes from './dialogs.module.css'
import formClasses from './task-dialog.module.css'
import { texts } from './texts.ts'
import type { TaskForm } from './use-actions.ts'

export interface TaskDialogProps {
  caption: string
  form: TaskForm
  onClose: () => void
  onSubmit: (variables: Record<string, unknown>) => void
  isSubmitting: boolean
  error: Error | null
}

interface FieldProblem {
  path: string
  message: string
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Labels of the fields by their keys, however deep they are. */
function labelsOf(schema: unknown, labels = new Map<string, string>()): Map<string, string> {
  const components = isObject(schema) && Array.isArray(schema.components) ? schema.components : []
  for (const component of components) {
    if (!isObject(component)) continue
    if (typeof component.key === 'string' && typeof component.label === 'string') labels.set(component.key, component.label)
    labelsOf(component, labels)
  }
  return labels
}

/** What the server found wrong, field by field. */
function problemsOf(error: Error | null): FieldProblem[] {
  const problems = error instanceof ApiError ? error.members.problems : null
  if (!Array.isArray(problems)) return []
  return problems.filter(isObject).map(({ path, message }) => ({ path: String(path ?? ''), message: String(message ?? '') }))
}

/** A form of a process, shown by form-js; what is typed stays in it until it is submitted. */
function useForm({ schema, data }: TaskForm, onSubmit: (variables: Record<string, unknown>) => void) {
  // A dialog brings its content into the page later than itself.
  const [place, setPlace] = useState<HTMLDivElement | null>(null)
  const form = useRef<Form | null>(null)
  const handler = useRef(onSubmit)
  const [failed, setFailed] = useState<string | null>(null)
  useEffect(() => {
    handler.current = onSubmit
  })
  useEffect(() => {
    if (!place || schema === null) return
    const shown = new Form({ container: place })
    form.current = shown
    // Enter in a field and a submit button of the form itself come here, too.
    shown.on('submit', (event: { data: Record<string, unknown>; errors: Record<string, unknown> }) => {
      if (Object.keys(event.errors).length === 0) handler.current(event.data)
      else place.querySelector<HTMLElement>('.fjs-has-errors input, .fjs-has-errors textarea, .fjs-has-errors select')?.focus()
    })
    shown.importSchema(schema, isObject(data) ? data : {}).then(
      () => place.querySelector<HTMLElement>('input, textarea, select')?.focus(),
      (error: unknown) => setFailed(explain(error)),
    )
    return () => {
      form.current = null
      shown.destroy()
    }
  }, [place, schema, data])
  const submit = () => (schema === null ? onSubmit({}) : form.current?.submit())
  return { setPlace, submit, failed }
}

function isLineField(target: EventTarget): boolean {
  return target instanceof HTMLInputElement && ['text', 'email', 'tel', 'number', 'url'].includes(target.type) && !target.readOnly
}

/** Asks what a user task of a process wants to know. */
export function TaskDialog({ caption, form, onClose, onSubmit, isSubmitting, error }: TaskDialogProps) {
  const { setPlace, submit, failed } = useForm(form, onSubmit)
  const labels = labelsOf(form.schema)
  const problems = problemsOf(error)
  return (
    <Dialog title={caption} onClose={onClose} size={520}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the fields inside have the focus */}
      <div
        className={formClasses.form}
        ref={setPlace}
        onKeyDown={(event) => {
          // A form with several fields and no button of its own ignores Enter.
          if (event.key !== 'Enter' || event.defaultPrevented || !isLineField(event.target)) return
          event.preventDefault()
          submit()
        }}
      />
      {failed !== null && <p className={classes.error}>{texts.formBroken(failed)}</p>}
      {error && (
        <div className={classes.error} role="alert">
          {problems.length === 0 ? (
            explain(error)
          ) : (
            <ul>
              {problems.map(({ path, message }) => (
                <li key={path}>{`${labels.get(path) ?? path} ${message}.`}</li>
              ))}
            </ul>
          )}
        </div>
      )}
      <DialogActions>
        <Button onClick={submit} loading={isSubmitting} disabled={failed !== null}>
          {texts.submitForm}
        </Button>
        <Button variant="default" onClick={onClose}>
          {texts.later}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
