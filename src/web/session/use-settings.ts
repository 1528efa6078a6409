import { useQuery } from '@tanstack/react-query'
import type { Setting } from '../../contracts/settings.ts'
import { keys } from '../api/keys.ts'
import { fetchSettings } from '../api/settings.ts'

/** Settings change rarely; a page looks again after this long, in milliseconds. */
const freshMs = 5 * 60_000

/** The value of a system setting; undefined until it is known. The reader checks its form. */
export function useSetting(code: string): unknown {
  const { data } = useQuery<Setting[]>({
    queryKey: keys.settings,
    queryFn: ({ signal }) => fetchSettings(signal),
    staleTime: freshMs,
    refetchInterval: freshMs,
  })
  return data?.find((setting) => setting.code === code)?.value
}
