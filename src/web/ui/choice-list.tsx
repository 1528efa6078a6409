import { VisuallyHidden } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './choice-list.module.css'

export interface Choice {
  id: string
  title: string
  /** What helps to decide, under the title. */
  details: ReactNode
  icon?: ReactNode
}

export interface ChoiceListProps {
  label: string
  choices: readonly Choice[]
  chosen: string | null
  onChoose: (id: string) => void
}

/** One of several things with a few words about each; arrows move, as in any group of radio buttons. */
export function ChoiceList({ label, choices, chosen, onChoose }: ChoiceListProps) {
  const name = useId()
  return (
    <fieldset className={classes.list}>
      <VisuallyHidden component="legend">{label}</VisuallyHidden>
      {choices.map((choice) => (
        <label key={choice.id} className={classes.choice} data-chosen={choice.id === chosen || undefined}>
          <input
            type="radio"
            className={classes.radio}
            name={name}
            value={choice.id}
            checked={choice.id === chosen}
            onChange={() => onChoose(choice.id)}
          />
          {choice.icon}
          <span className={classes.texts}>
            <span className={classes.title}>{choice.title}</span>
            <span className={classes.details}>{choice.details}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
