/** How an emulator delivers webhooks: like a provider, in any order, more than once, or all at once. */

export interface WebhookPost {
  url: string
  headers: Record<string, string>
  body: string
}

export interface WebhookReceipt {
  status: number
  body: string
  contentType: string | null
}

export interface Delivery {
  /** How often each webhook is posted; 1 unless told. */
  copies?: number
  /** Post all at the same time instead of one after another. */
  together?: boolean
  /** Turns the order round. */
  reversed?: boolean
}

/** Posts webhooks and gives the answers in the order of posting. */
export async function postWebhooks(posts: WebhookPost[], delivery: Delivery = {}): Promise<WebhookReceipt[]> {
  const { copies = 1, together = false, reversed = false } = delivery
  const repeated = posts.flatMap((post) => Array.from({ length: copies }, () => post))
  const ordered = reversed ? repeated.toReversed() : repeated
  if (together) return Promise.all(ordered.map(postWebhook))
  const receipts: WebhookReceipt[] = []
  for (const post of ordered) receipts.push(await postWebhook(post))
  return receipts
}

async function postWebhook(post: WebhookPost): Promise<WebhookReceipt> {
  const response = await fetch(post.url, { method: 'POST', headers: post.headers, body: post.body })
  return { status: response.status, body: await response.text(), contentType: response.headers.get('content-type') }
}
