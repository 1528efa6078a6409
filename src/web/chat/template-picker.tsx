import { Loader, VisuallyHidden } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { Template } from '../../contracts/templates.ts'
import classes from './template-picker.module.css'
import { texts } from './texts.ts'
import type { TemplatePickerState } from './use-template-picker.ts'

/** Id of the list, for the text field that steers it. */
export const templateListId = 'template-list'
/** Id of the option that Enter would take. */
export const templateOptionId = (id: string) => `template-${id}`

/** The templates found, above the text field. The field keeps the focus. */
export function TemplatePicker({ picker }: { picker: TemplatePickerState }) {
  const { recent, others, active, insert, isLoading, isError, q } = picker
  const list = useRef<HTMLDivElement>(null)
  const chosen = [...recent, ...others][active]
  const count = recent.length + others.length
  useEffect(() => {
    if (chosen) list.current?.querySelector(`#${templateOptionId(chosen.id)}`)?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const note = isError ? texts.templatesFailed : count === 0 ? (q === '' ? texts.templatesNone : texts.templatesNoMatch(q)) : null
  const shared = { chosenId: chosen?.id, onChoose: insert }
  return (
    <div className={classes.popup}>
      <VisuallyHidden role="status">{isLoading ? '' : (note ?? texts.templatesFound(count))}</VisuallyHidden>
      {isLoading && <Loader size={16} m="sm" aria-label={texts.loading} />}
      {!isLoading && note && (
        <p className={classes.none} aria-hidden="true">
          {note}
        </p>
      )}
      {!isLoading && count > 0 && (
        <div className={classes.list} id={templateListId} role="listbox" aria-label={texts.templates} ref={list}>
          <Group title={texts.recentlyUsed} templates={recent} {...shared} />
          <Group title={texts.templates} templates={others} {...shared} />
        </div>
      )}
      <p className={classes.keys} aria-hidden="true">
        {texts.templateKeys}
      </p>
    </div>
  )
}

interface GroupProps {
  title: string
  templates: Template[]
  chosenId: string | undefined
  onChoose: (template: Template) => void
}

function Group({ title, templates, chosenId, onChoose }: GroupProps) {
  if (templates.length === 0) return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of options, not of form fields
    <div role="group" aria-label={title}>
      <p className={classes.title} aria-hidden="true">
        {title}
      </p>
      {templates.map((template) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the text field has the focus and takes the keys
        // biome-ignore lint/a11y/useFocusableInteractive: chosen by aria-activedescendant of the text field
        <div
          key={template.id}
          id={templateOptionId(template.id)}
          role="option"
          aria-selected={template.id === chosenId}
          className={classes.option}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(template)}
        >
          <span className={classes.name}>{template.name}</span>
          <span className={classes.text}>{template.rendered ?? template.body}</span>
        </div>
      ))}
    </div>
  )
}
