import { AppError } from '../../platform/errors.ts'
import type { MessageRestrictions } from '../chats/index.ts'
import { replyWindowEnd } from '../chats/index.ts'
import type { ChannelLimits } from './adapters/adapter.ts'
import { checkMessage, type LimitProblem } from './adapters/limits.ts'
import type { ChannelDirectory } from './channel-directory.ts'

/** Text and measured files of a message that is about to be sent. */
export interface PlannedMessage {
  text: string | null
  files: readonly { id: string; name: string; type: string; size: number }[]
}

/** What messages must keep to: the channel's limits, tightened by the product's own size limit. */
export class MessageRules {
  readonly #directory: ChannelDirectory
  readonly #maxFileBytes: () => Promise<number>

  constructor(options: { directory: ChannelDirectory; maxFileBytes: () => Promise<number> }) {
    this.#directory = options.directory
    this.#maxFileBytes = options.maxFileBytes
  }

  /** The limits of a channel, for people who write a message. */
  async restrictionsOf(channelId: string): Promise<MessageRestrictions> {
    const limits = await this.#limits(channelId)
    return {
      maxLength: limits.maxTextLength,
      maxFiles: limits.maxFilesPerMessage,
      maxFileSize: Math.max(0, ...limits.fileTypes.map((entry) => entry.maxBytes)),
      fileTypes: limits.fileTypes.map((entry) => ({ type: entry.type, maxSize: entry.maxBytes })),
      replyWindowHours: limits.replyWindowHours,
    }
  }

  /**
   * Refuses what the channel would refuse, before anything is stored or sent.
   * @throws AppError 422 REPLY_WINDOW_CLOSED, TEXT_TOO_LONG, TOO_MANY_FILES; 413 FILE_TOO_LARGE, FILES_TOO_LARGE; 415 FILE_TYPE_DENIED
   */
  async check(channelId: string, message: PlannedMessage, at: { now: Date; lastCustomerMessageAt: Date | null }): Promise<void> {
    const limits = await this.#limits(channelId)
    const windowEnd = replyWindowEnd(at.lastCustomerMessageAt, limits.replyWindowHours)
    if (windowEnd !== null && windowEnd <= at.now) throw replyWindowClosed(windowEnd)
    const problems = checkMessage(limits, message)
    const [first] = problems
    if (!first) return
    const texts = problems.map(describeProblem)
    throw new AppError(first.code, statuses[first.code], texts.join(' '), {
      details: { problems: problems.map((problem, index) => ({ ...problem, message: texts[index] })) },
    })
  }

  async #limits(channelId: string): Promise<ChannelLimits> {
    const channel = await this.#directory.find(channelId)
    if (!channel) throw new Error(`Channel ${channelId} is gone although it has chats`)
    const limits = channel.adapter.limits(channel.account.config)
    const most = await this.#maxFileBytes()
    return { ...limits, fileTypes: limits.fileTypes.map((entry) => ({ ...entry, maxBytes: Math.min(entry.maxBytes, most) })) }
  }
}

const statuses: Record<LimitProblem['code'], number> = {
  TEXT_TOO_LONG: 422,
  TOO_MANY_FILES: 422,
  FILE_TYPE_DENIED: 415,
  FILE_TOO_LARGE: 413,
  FILES_TOO_LARGE: 413,
}

function replyWindowClosed(endedAt: Date): AppError {
  const ended = endedAt.toISOString()
  return new AppError('REPLY_WINDOW_CLOSED', 422, `The channel took replies until ${ended}. The customer has to write first.`, {
    details: { replyWindowEndedAt: ended },
  })
}

const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.round(bytes / 102.4) / 10} KiB` : `${Math.round(bytes / 104_857.6) / 10} MiB`

function describeProblem(problem: LimitProblem): string {
  switch (problem.code) {
    case 'TEXT_TOO_LONG':
      return `The text has ${problem.length} characters; this channel takes at most ${problem.limit}.`
    case 'TOO_MANY_FILES':
      return `The message has ${problem.count} files; it may have at most ${problem.limit}.`
    case 'FILE_TYPE_DENIED':
      return `${problem.fileName} cannot be sent: this channel takes no files of the type ${problem.type}.`
    case 'FILE_TOO_LARGE':
      return `${problem.fileName} has ${size(problem.size)}; this channel takes at most ${size(problem.limit)}.`
    case 'FILES_TOO_LARGE':
      return `The files have ${size(problem.size)} together; this channel takes at most ${size(problem.limit)} in one message.`
  }
}
