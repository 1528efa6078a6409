import { useState } from 'react'
import { readStored, writeStored } from '../ui/stored.ts'

/** Somebody this browser plays. */
export interface Customer {
  /** What the channel knows the customer by. */
  from: string
  name: string
  channelId: string
}

const key = 'parley.simulator.customers'
const names = ['Anna Berg', 'Luis Ortega', 'Mina Sato', 'Jonas Weber', 'Amara Obi', 'Chloé Martin', 'Petr Novák', 'Leyla Demir']

/** A name for the next customer that is not in use yet. */
export function suggestName(customers: readonly Customer[]): string {
  return names.find((name) => customers.every((customer) => customer.name !== name)) ?? `Customer ${customers.length + 1}`
}

/** The customers of this browser, kept over reloads. */
export function useCustomers() {
  const [customers, setCustomers] = useState<Customer[]>(() => readStored<Customer[]>(key) ?? [])
  const set = (next: Customer[]) => {
    setCustomers(next)
    writeStored(key, next)
  }
  const add = (name: string, channelId: string): Customer => {
    const customer = { from: `sim-${crypto.randomUUID().slice(0, 8)}`, name, channelId }
    set([...customers, customer])
    return customer
  }
  const remove = (from: string) => set(customers.filter((customer) => customer.from !== from))
  return { customers, add, remove }
}
