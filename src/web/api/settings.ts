import type { Setting } from '../../contracts/settings.ts'
import { request } from './client.ts'

/** All system settings. */
export async function fetchSettings(signal?: AbortSignal): Promise<Setting[]> {
  return (await request<{ items: Setting[] }>('GET', '/api/settings', signal ? { signal } : {})).items
}
