/** Lines an agent reads for what customers send besides text and files. */

export interface Place {
  latitude: number
  longitude: number
  name: string | null
  address: string | null
}

/** "📍 Name, address, lat, lon" and a link to a map on the next line. */
export function describePlace(place: Place): string {
  const at = `${place.latitude}, ${place.longitude}`
  const label = [place.name, place.address, at].filter((part) => part !== null && part !== '').join(', ')
  return `📍 ${label}\nhttps://www.google.com/maps?q=${place.latitude},${place.longitude}`
}

export interface ContactCard {
  name: string | null
  phones: string[]
  emails: string[]
  organisation: string | null
}

/** "👤 Name" and one line each for organisation, phones and emails. */
export function describeContact(card: ContactCard): string {
  const lines = [`👤 ${card.name ?? 'Contact'}`, ...(card.organisation ? [card.organisation] : []), ...card.phones, ...card.emails]
  return lines.join('\n')
}

/** A question and its options. */
export function describePoll(question: string | null, options: string[]): string {
  return [`📊 ${question ?? 'Poll'}`, ...options.map((option) => `• ${option}`)].join('\n')
}

/** "Reacted 👍" or, without an emoji, that the reaction was taken back. */
export function describeReaction(emoji: string | null): string {
  return emoji === null ? 'Took a reaction back' : `Reacted ${emoji}`
}

/** The line for a message a channel cannot carry to Parley. */
export function describeUnsupported(provider: string, type: string): string {
  return `[${provider} message that cannot be shown here: ${type.replaceAll('_', ' ')}]`
}

/** Joins the parts that have something in them, line by line; null when none has. */
export function lines(...parts: Array<string | null | undefined>): string | null {
  const filled = parts.filter((part): part is string => typeof part === 'string' && part !== '')
  return filled.length === 0 ? null : filled.join('\n')
}
