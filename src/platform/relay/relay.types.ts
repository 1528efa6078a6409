/**
 * Carries messages to all nodes of the cluster. At most once: a message may be lost while a link is down, so nothing
 * may depend on its arrival; `onGap` tells when some may have been.
 */
export interface Relay {
  /**
   * Hands a message (JSON; `undefined` arrives as null elsewhere) to the subscribers of a topic on every node. This
   * node's own subscribers have it when the call returns, as the same object, which they must not change; others get
   * the messages of this node in order. Resolves when the message is on its way or was given up (which is logged);
   * rejects only for a message that is not JSON.
   */
  publish(topic: string, message: unknown): Promise<void>
  /** Calls the handler, which must not block, with each message of exactly this topic. Resolves to the way out. */
  subscribe(topic: string, handler: RelayHandler): Promise<() => Promise<void>>
  /** Calls the handler after the link to the other nodes was lost and is back, when messages may be missing. Returns the way out. */
  onGap(handler: () => void): () => void
  /** Sends what is pending and closes the link. Safe to call twice. */
  close(): Promise<void>
}

export type RelayHandler = (message: unknown) => void

/** A way to the other nodes. */
export interface Link {
  /** Sends one payload to all nodes; rejects at once, or within 5 s, when it cannot. */
  send(payload: string): Promise<void>
  close(): Promise<void>
}

/** What a link tells its relay. */
export interface LinkEvents {
  /** A payload of another node; this node's own are left out. */
  onPayload(payload: string): void
  onLost(error: unknown): void
  onRestored(): void
}
