import type { RoutingRule } from '../../contracts/index.ts'

/** An agent as routing sees it. */
export interface Candidate {
  readonly id: string
  readonly name: string
  active: boolean
  /** Belongs to the queue and is not disabled. */
  readonly member: boolean
  /** Logged out or disabled just now: keeps no offer, whatever the rule. */
  readonly gone: boolean
  /** Chats in progress at a time; 0 = unlimited. */
  readonly maxChats: number
  readonly inProgress: number
  /** Open offers that are for this agent alone. */
  reserved: number
  /** Order of the last such offer; 0 = never. */
  turn: number
}

export interface Offer {
  readonly agentId: string
  readonly state: 'open' | 'declined' | 'expired'
  readonly exclusive: boolean
}

/** A waiting chat that its process wants offered. */
export interface RoutedChat {
  readonly id: string
  readonly rule: RoutingRule
  /** Only these agents of the queue; null = all of them. */
  readonly onlyAgents: readonly string[] | null
  readonly offers: readonly Offer[]
  /** The agent who transferred it here and has not been offered it since. */
  readonly transferredBy: string | null
  /** Who had the contact's previous chat. */
  readonly lastAgent: { readonly id: string; readonly name: string; readonly chatNumber: number } | null
}

export interface QueueLoad {
  readonly name: string
  /** Chats in progress at a time in the queue; 0 = unlimited. */
  readonly maxChats: number
  readonly inProgress: number
  /** Open offers to single agents. */
  reserved: number
}

/** What is to change about a chat's offers, and why. */
export interface Verdict {
  readonly withdraw: readonly { agentId: string; reason: string }[]
  readonly offer: readonly string[]
  /** The new offers hold a place of their agent. */
  readonly exclusive: boolean
  /** Offers that were for one agent alone become offers to everyone. */
  readonly share: boolean
  /** Everybody who could take it has refused: forget the refusals. */
  readonly startOver: boolean
  /** Members who could not be considered now, so that a change of theirs at this very moment may have been missed. */
  readonly passedOver: boolean
  readonly reason: string
}
