import { Button, Center, Loader, NativeSelect } from '@mantine/core'
import { IconFlask, IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Ref } from '../../contracts/common.ts'
import { explain } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { fetchSimulatorChannels } from '../api/simulator.ts'
import { Brand } from '../ui/brand.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Link } from '../ui/router.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Conversation } from './conversation.tsx'
import { CustomerList } from './customer-list.tsx'
import { useCustomers } from './customers.ts'
import classes from './simulator-page.module.css'
import { texts } from './texts.ts'

/** Anyone may play the customers of a Simulator channel here. */
export function SimulatorPage() {
  useTitle(texts.title)
  const channels = useQuery({ queryKey: keys.simulatorChannels, queryFn: ({ signal }) => fetchSimulatorChannels(signal) })
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Brand />
        <h1 className={classes.title}>
          {texts.title} <span className={classes.intro}>{texts.intro}</span>
        </h1>
        <Link href="/" className={classes.link ?? ''}>
          {texts.toInbox}
        </Link>
      </header>
      <main className={classes.main}>
        <p className={classes.notice} role="note">
          <IconInfoCircle size={18} aria-hidden />
          {texts.notice}
        </p>
        <div className={classes.content}>
          {channels.isPending ? (
            <Center h="100%">
              <Loader size="sm" />
            </Center>
          ) : channels.isError ? (
            <EmptyState title={texts.failedTitle} text={explain(channels.error)}>
              <Button onClick={() => void channels.refetch()}>{texts.reload}</Button>
            </EmptyState>
          ) : (
            <Stage channels={channels.data} />
          )}
        </div>
      </main>
    </div>
  )
}

function Stage({ channels }: { channels: Ref[] }) {
  const { customers, add, remove } = useCustomers()
  const [channelId, setChannelId] = useState(channels[0]?.id ?? '')
  const [chosen, setChosen] = useState<string | null>(null)
  const here = customers.filter((customer) => customer.channelId === channelId)
  const current = here.find((customer) => customer.from === chosen) ?? here[0] ?? null
  if (channels.length === 0) return <EmptyState icon={<IconFlask size={26} />} title={texts.noChannelTitle} text={texts.noChannelText} />
  return (
    <div className={classes.stage}>
      <div className={classes.side}>
        {channels.length > 1 && (
          <NativeSelect
            label={texts.channel}
            data={channels.map((channel) => ({ value: channel.id, label: channel.name }))}
            value={channelId}
            onChange={(event) => setChannelId(event.currentTarget.value)}
            mb="sm"
          />
        )}
        <CustomerList
          customers={here}
          chosen={current?.from ?? null}
          onChoose={setChosen}
          onAdd={(name) => setChosen(add(name, channelId).from)}
          onRemove={remove}
        />
      </div>
      <section className={classes.phone} aria-label={current ? texts.conversation(current.name) : texts.intro}>
        {current ? (
          <Conversation key={current.from} customer={current} />
        ) : (
          <EmptyState icon={<IconFlask size={26} stroke={1.6} />} title={texts.emptyTitle} text={texts.emptyText} />
        )}
      </section>
    </div>
  )
}
