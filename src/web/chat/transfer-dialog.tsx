import { Button, Loader, Tabs, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Chat, Transfer, TransferTargets } from '../../contracts/chats.ts'
import { fetchTransferTargets, transferChat } from '../api/chats.ts'
import { ApiError, explain } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { storeChat } from '../realtime/apply-frame.ts'
import { type Choice, ChoiceList } from '../ui/choice-list.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import classes from './dialogs.module.css'
import { texts } from './texts.ts'

type Tab = 'agent' | 'queue'

function agentChoices({ agents }: TransferTargets): Choice[] {
  return agents.map(({ id, name, status, openChats, maxChats }) => {
    const isFull = maxChats > 0 && openChats >= maxChats
    const load = maxChats > 0 ? texts.chatsOf(openChats, maxChats) : texts.chatsOpen(openChats)
    return {
      id,
      title: name,
      icon: <span className={classes.presence} data-active={status === 'active' || undefined} aria-hidden="true" />,
      details: (
        <>
          {status === 'active' ? texts.active : texts.inactive}, {load}
          {isFull && <span className={classes.full}> ({texts.full})</span>}
        </>
      ),
    }
  })
}

function queueChoices({ queues }: TransferTargets): Choice[] {
  return queues.map(({ id, name, availableAgents, freeAgents }) => ({
    id,
    title: name,
    details: `${texts.available(availableAgents)}, ${texts.free(freeAgents)}`,
  }))
}

function useTransfer(chat: Chat, onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (transfer: Transfer) => transferChat(chat.id, transfer),
    onSuccess: ({ chat: parent, childChat, warnings }) => {
      storeChat(client, parent)
      storeChat(client, childChat)
      void client.invalidateQueries({ queryKey: keys.messages(chat.id) })
      const to = childChat.agent?.name ?? childChat.queue.name
      notifications.show({ color: 'green', title: texts.transferDone, message: texts.transferredTo(chat.contact.name, to) })
      for (const warning of warnings) notifications.show({ color: 'orange', title: texts.goodToKnow, message: warning, autoClose: 15_000 })
      onDone()
    },
    onError: (error) => {
      if (error instanceof ApiError) void client.invalidateQueries({ queryKey: keys.chat(chat.id) })
    },
  })
}

/** Hands the chat to another agent or queue, with a note for whoever goes on. */
export function TransferDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const targets = useQuery({
    queryKey: keys.transferTargets(chat.id),
    queryFn: ({ signal }) => fetchTransferTargets(chat.id, signal),
    staleTime: 0,
    refetchInterval: 10_000,
  })
  const [tab, setTab] = useState<Tab>('agent')
  const [chosen, setChosen] = useState<Record<Tab, string | null>>({ agent: null, queue: null })
  const [note, setNote] = useState('')
  const transfer = useTransfer(chat, onClose)
  const target = chosen[tab]
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (target === null) return
    transfer.mutate({
      ...(tab === 'agent' ? { agentId: target } : { queueId: target }),
      ...(note.trim() === '' ? {} : { note: note.trim() }),
    })
  }
  return (
    <Dialog title={texts.transfer} onClose={onClose}>
      <form onSubmit={submit}>
        <Tabs value={tab} onChange={(value) => setTab(value === 'queue' ? 'queue' : 'agent')} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="agent" data-autofocus>
              {texts.agentTab}
            </Tabs.Tab>
            <Tabs.Tab value="queue">{texts.queueTab}</Tabs.Tab>
          </Tabs.List>
          {(['agent', 'queue'] as const).map((kind) => (
            <Tabs.Panel key={kind} value={kind} pt="sm">
              {targets.isPending ? (
                <Loader size="sm" m="md" aria-label={texts.loading} />
              ) : targets.isError ? (
                <p className={classes.error}>{explain(targets.error)}</p>
              ) : (
                <Targets
                  label={kind === 'agent' ? texts.agentTab : texts.queueTab}
                  choices={kind === 'agent' ? agentChoices(targets.data) : queueChoices(targets.data)}
                  empty={kind === 'agent' ? texts.noAgents : texts.noQueues}
                  chosen={chosen[kind]}
                  onChoose={(id) => setChosen({ ...chosen, [kind]: id })}
                />
              )}
            </Tabs.Panel>
          ))}
        </Tabs>
        <Textarea
          mt="sm"
          label={texts.transferNote}
          description={texts.transferNoteHint}
          autosize
          minRows={2}
          maxRows={6}
          maxLength={10_000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {transfer.isError && (
          <p className={classes.error} role="alert">
            {explain(transfer.error)}
          </p>
        )}
        <DialogActions>
          <Button type="submit" disabled={target === null} loading={transfer.isPending}>
            {texts.transfer}
          </Button>
          <Button variant="default" onClick={onClose}>
            {texts.cancel}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

interface TargetsProps {
  label: string
  choices: Choice[]
  empty: string
  chosen: string | null
  onChoose: (id: string) => void
}

function Targets({ label, choices, empty, chosen, onChoose }: TargetsProps) {
  if (choices.length === 0) return <p className={classes.hint}>{empty}</p>
  return <ChoiceList label={label} choices={choices} chosen={chosen} onChoose={onChoose} />
}
