import type { ChannelAdapter, ChannelKind } from './adapter.ts'
import { simulatorAdapter } from './simulator.ts'
import { telegramAdapter } from './telegram/telegram.ts'

/** Every adapter by its kind. */
export const adapters: Partial<Record<ChannelKind, ChannelAdapter>> = {
  telegram: telegramAdapter,
  simulator: simulatorAdapter,
}

/** The adapter of a channel's kind. */
export function adapterFor(kind: ChannelKind): ChannelAdapter {
  const adapter = adapters[kind]
  if (!adapter) throw new Error(`No adapter for channels of kind "${kind}"`)
  return adapter
}
