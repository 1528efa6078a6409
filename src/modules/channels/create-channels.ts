import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { MessageService } from '../chats/index.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, SecretBox } from './channel-directory.ts'
import { ChannelHealth, type ChannelHealthOptions } from './channel-health.ts'
import { ChannelConnector } from './channel-setup.ts'
import { ChannelService } from './channels.service.ts'
import { CustomerService, type CustomerServiceOptions } from './customers.service.ts'
import { type DeliveryOptions, DeliveryService } from './delivery.service.ts'
import { DeliveryLedger } from './delivery-ledger.ts'
import { DeliveryOutcomes } from './delivery-outcomes.ts'
import { type InboundOutlets, InboundService, type PrepareFiles } from './inbound.service.ts'
import { InboundDispatcher, type InboundDispatcherOptions } from './inbound-dispatcher.ts'
import { MessageChangeService } from './message-changes.service.ts'
import { OutsideMessageService } from './outside-messages.service.ts'
import { type ProfileOptions, ProfileService } from './profile.service.ts'
import { ReceiptService } from './receipts.service.ts'

export interface ChannelsOptions extends Pick<DeliveryOptions, 'filesOf' | 'outgoingText'> {
  database: ParleyDatabase
  directory: ChannelDirectory
  secrets: SecretBox
  messages: MessageService
  http: HttpPort
  clock: Clock
  log: Logger
  publicUrl: string
  publicUrlIsSet: boolean
  outlets: InboundOutlets & {
    deliverSoon(chatId: string): void
    deliverAt(chatId: string, at: Date): void
    fetchProfile: InboundDispatcherOptions['fetchProfile']
  }
  audit: ChannelHealthOptions['audit']
  push: ChannelHealthOptions['push']
  linkContact: CustomerServiceOptions['linkContact']
  storePicture: ProfileOptions['storePicture']
  prepareFiles: PrepareFiles
  /** Tells the other nodes that a channel changed. */
  announce(channelId: string): void
}

/** The services of the module, tied together. */
export function createChannels(options: ChannelsOptions) {
  const { database, directory, secrets, messages, http, clock, log, outlets, audit } = options
  const { publish, deliverSoon, deliverAt } = outlets
  const health = new ChannelHealth({ database, directory, http, log, push: options.push, audit, deliverSoon })
  const customers = new CustomerService({ database, messages, publish, linkContact: options.linkContact })
  const ledger = new DeliveryLedger(messages)
  const outcomes = new DeliveryOutcomes({ database, messages, ledger, health, customers, publish, log, schedule: deliverAt })
  const { filesOf, outgoingText } = options
  const delivery = new DeliveryService({ database, directory, http, outcomes, filesOf, outgoingText, schedule: deliverAt })
  const profiles = new ProfileService({ database, directory, customers, http, log, storePicture: options.storePicture })
  const inbound = new InboundDispatcher({
    database,
    directory,
    http,
    log,
    messages: new InboundService({ database, clock, outlets, prepareFiles: options.prepareFiles }),
    outside: new OutsideMessageService({ database, messages, publish }),
    changes: new MessageChangeService({ database, messages, publish }),
    customers,
    receipts: new ReceiptService({ database, ledger, deliverSoon }),
    fetchProfile: outlets.fetchProfile,
  })
  const { publicUrl, publicUrlIsSet } = options
  const connector = new ChannelConnector({ http, log, publicUrl, publicUrlIsSet })
  const announce = (channelId: string): void => {
    directory.forget(channelId)
    options.announce(channelId)
  }
  const service = new ChannelService({ database, secrets, publicUrl, connector, health, announce, audit })
  return { service, inbound, delivery, health, profiles }
}
