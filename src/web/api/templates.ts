import type { TemplateList, TemplateListQuery } from '../../contracts/templates.ts'
import { request } from './client.ts'

/** Templates by name or text, rendered for the chat; those the agent used last are a group of their own. */
export function fetchTemplates(query: TemplateListQuery, signal?: AbortSignal): Promise<TemplateList> {
  return request('GET', '/api/templates', signal ? { query, signal } : { query })
}

/** Tells that the agent selected the template; it is among the recently used from then on. */
export function selectTemplate(templateId: string, chatId: string): Promise<{ text: string }> {
  return request('POST', `/api/templates/${templateId}/render`, { body: { chatId } })
}
