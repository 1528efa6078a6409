/**
 * The mark Parley leaves on what it sends where a provider gives it back (WhatsApp's biz_opaque_callback_data,
 * Messenger's metadata, the address of Twilio's status callbacks), so that a receipt finds its message even when
 * the answer to the send call was lost.
 */
const prefix = 'msg:'

export function correlationTag(correlationId: string): string {
  return `${prefix}${correlationId}`
}

/** The correlation id of a tag of ours; null for what others have put there. */
export function correlationOf(tag: string | null): string | null {
  return tag?.startsWith(prefix) ? tag.slice(prefix.length) : null
}
