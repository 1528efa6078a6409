import { ActionIcon, Button, TextInput, UnstyledButton } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { initialsOf } from '../ui/initials.ts'
import classes from './customer-list.module.css'
import { type Customer, suggestName } from './customers.ts'
import { texts } from './texts.ts'

export interface CustomerListProps {
  customers: Customer[]
  chosen: string | null
  onChoose: (from: string) => void
  onAdd: (name: string) => void
  onRemove: (from: string) => void
}

/** The customers this browser plays. */
export function CustomerList({ customers, chosen, onChoose, onAdd, onRemove }: CustomerListProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const name = typed ?? suggestName(customers)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === '') return
    onAdd(name.trim())
    setTyped(null)
  }
  return (
    <div className={classes.frame}>
      <h2 className={classes.title}>{texts.customers}</h2>
      {customers.length > 0 && (
        <ul className={classes.list}>
          {customers.map((customer) => (
            <li key={customer.from} className={classes.item} data-chosen={customer.from === chosen || undefined}>
              <UnstyledButton
                className={classes.choose ?? ''}
                onClick={() => onChoose(customer.from)}
                aria-pressed={customer.from === chosen}
              >
                <ContactAvatar id={customer.from} initials={initialsOf(customer.name)} photoUrl={null} size={30} />
                <span className={classes.name}>{customer.name}</span>
              </UnstyledButton>
              <ActionIcon
                variant="subtle"
                color="gray"
                onClick={() => onRemove(customer.from)}
                aria-label={texts.remove(customer.name)}
                title={texts.removeHint}
              >
                <IconX size={15} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} className={classes.form}>
        <TextInput label={texts.name} value={name} onChange={(event) => setTyped(event.currentTarget.value)} maxLength={100} />
        <Button type="submit" variant={customers.length === 0 ? 'filled' : 'default'} leftSection={<IconPlus size={16} />}>
          {texts.add}
        </Button>
      </form>
    </div>
  )
}
