import { useEffect, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { useSetting } from '../session/use-settings.ts'
import { whyRefused } from './attachments.ts'
import { useChatUploads, useUploads } from './outbox-provider.tsx'
import { texts } from './texts.ts'
import type { Draft } from './use-draft.ts'

const isText = (value: unknown): value is string => typeof value === 'string'

/** The files of a message being written: those in the draft and those on their way, checked before they are sent. */
export function useAttachments(chat: Chat, draft: Draft) {
  const uploads = useUploads()
  const underWay = useChatUploads(chat.id)
  const denyList = useSetting('FileExtensionsDenyList')
  const denied = Array.isArray(denyList) ? denyList.filter(isText) : []
  const [refusals, setRefusals] = useState<string[]>([])
  const { restrictions } = chat
  useEffect(() => {
    const arrived = uploads.takeDone(chat.id)
    if (arrived.length === 0) return
    const checked = arrived.map((file) => ({ file, reason: whyRefused(file, restrictions, denied) }))
    setRefusals((known) => [...known, ...checked.flatMap(({ reason }) => reason ?? [])])
    const taken = checked.flatMap(({ file, reason }) => (reason === null ? [file] : []))
    if (taken.length > 0) draft.change({ files: [...draft.files, ...taken] })
  }, [underWay])
  const add = (files: readonly File[]) => {
    const room = Math.max(0, restrictions.maxFiles - draft.files.length - underWay.length)
    const reasons: string[] = []
    let taken = 0
    for (const file of files) {
      const reason = whyRefused(file, restrictions, denied)
      if (reason !== null) reasons.push(reason)
      else if (taken < room) {
        uploads.add(chat.id, file)
        taken += 1
      } else reasons.push(texts.tooManyFiles(file.name, restrictions.maxFiles))
    }
    setRefusals(reasons)
  }
  return {
    ready: draft.files,
    underWay,
    refusals,
    add,
    removeReady: (id: string) => draft.change({ files: draft.files.filter((file) => file.id !== id) }),
    removeUpload: (key: string) => uploads.remove(key),
    retry: (key: string) => uploads.retry(key),
    clearRefusals: () => setRefusals([]),
    isBusy: underWay.some((upload) => upload.error === null),
    hasFailed: underWay.some((upload) => upload.error !== null),
  }
}

export type Attachments = ReturnType<typeof useAttachments>
