import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useState } from 'react'
import type { Template, TemplateList } from '../../contracts/templates.ts'
import { keys } from '../api/keys.ts'
import { fetchTemplates, selectTemplate } from '../api/templates.ts'
import { type TemplateQuery, templateQuery } from './template-query.ts'

const quietMs = 120
const limit = 50

/** The recently used group, then the other matches. */
function groupsOf(list: TemplateList | undefined): { recent: Template[]; others: Template[] } {
  const recent = list?.recentlyUsed ?? []
  const others = list?.items.filter(({ id }) => !recent.some((template) => template.id === id)) ?? []
  return { recent, others }
}

/** Has a selected template join the recently used; when that fails, the list is as it was and nothing else is lost. */
function useRemember(chatId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (template: Template) => selectTemplate(template.id, chatId),
    onSuccess: () => client.invalidateQueries({ queryKey: ['templates'] }),
  })
}

/** Templates found by what follows `//` at the cursor; the arrows choose, Enter inserts, Esc closes. */
export function useTemplatePicker(
  chatId: string,
  text: string,
  caret: number,
  onInsert: (template: Template, query: TemplateQuery) => void,
) {
  const query = templateQuery(text, caret)
  const [closedAt, setClosedAt] = useState<number | null>(null)
  const [chosen, setChosen] = useState(0)
  // Enter came before the answer for the last key: insert as soon as it is here.
  const [isWaiting, setWaiting] = useState(false)
  const isOpen = query !== null && closedAt !== query.start
  const [asked] = useDebouncedValue(query?.q ?? '', quietMs)
  const { data, isError, isFetching, isPlaceholderData } = useQuery({
    queryKey: keys.templates(chatId, asked),
    queryFn: ({ signal }) => fetchTemplates({ chatId, limit, ...(asked === '' ? {} : { q: asked }) }, signal),
    enabled: isOpen,
    staleTime: 10_000,
    placeholderData: keepPreviousData,
  })
  const remember = useRemember(chatId)
  const groups = groupsOf(data)
  const all = [...groups.recent, ...groups.others]
  const isFresh = asked === (query?.q ?? '') && data !== undefined && !isPlaceholderData
  const active = Math.min(chosen, all.length - 1)
  const insert = (template: Template | undefined) => {
    setWaiting(false)
    if (!template || !query) return
    onInsert(template, query)
    remember.mutate(template)
  }
  useEffect(() => setChosen(0), [query?.q, isOpen])
  useEffect(() => {
    if (query === null) {
      setClosedAt(null)
      setWaiting(false)
    }
  }, [query])
  useEffect(() => {
    if (isWaiting && isFresh) insert(all[active])
  }, [isWaiting, isFresh])
  /** @returns whether the key was meant for the picker. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false
    if (event.key === 'Escape') setClosedAt(query.start)
    else if (event.key === 'ArrowDown') setChosen(active + 1 >= all.length ? 0 : active + 1)
    else if (event.key === 'ArrowUp') setChosen(active <= 0 ? all.length - 1 : active - 1)
    else if (event.key === 'Enter' && !event.shiftKey) {
      if (isFresh && all.length === 0) return false
      if (isFresh) insert(all[active])
      else if (!isError) setWaiting(true)
    } else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  return { isOpen, ...groups, active, isLoading: isFetching && data === undefined, isError, insert, onKeyDown, q: query?.q ?? '' }
}

export type TemplatePickerState = ReturnType<typeof useTemplatePicker>
