import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Contact, ContactPatch } from '../../contracts/contacts.ts'
import { fetchContact, fetchContactChats, patchContact, restoreContact } from '../api/contacts.ts'
import { keys } from '../api/keys.ts'

/** One contact, removed ones included. */
export function useContact(contactId: string) {
  return useQuery({ queryKey: keys.contact(contactId), queryFn: ({ signal }) => fetchContact(contactId, signal), staleTime: 5_000 })
}

/** The chats of a contact on all channels, newest first, page by page. */
export function useContactChats(contactId: string) {
  return useInfiniteQuery({
    queryKey: keys.contactChats(contactId),
    queryFn: ({ pageParam, signal }) => fetchContactChats(contactId, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 5_000,
  })
}

function useStore(contactId: string) {
  const client = useQueryClient()
  return (contact: Contact) => {
    client.setQueryData<Contact>(keys.contact(contactId), contact)
    void client.invalidateQueries({ queryKey: keys.contactChats(contactId) })
    // Tiles and profiles show names and fields of the contact.
    void client.invalidateQueries({ queryKey: keys.inbox })
    void client.invalidateQueries({ queryKey: ['chat'] })
  }
}

/** Changes what is known of a contact. */
export function usePatchContact(contactId: string) {
  const store = useStore(contactId)
  return useMutation({ mutationFn: (patch: ContactPatch) => patchContact(contactId, patch), onSuccess: store })
}

/** Brings a removed contact back. */
export function useRestoreContact(contactId: string) {
  const store = useStore(contactId)
  return useMutation({ mutationFn: () => restoreContact(contactId), onSuccess: store })
}
