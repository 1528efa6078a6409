import path from 'node:path'
import { sql } from 'kysely'
import { createDomain } from './domain.ts'
import { createEnginePool, type Value } from './engine/index.ts'
import { allJobs } from './jobs.ts'
import { type AgentService, createAgentService } from './modules/agents/index.ts'
import { CaseService } from './modules/cases/index.ts'
import {
  ChannelDirectory,
  createChannels,
  createHttp,
  deliveryRun,
  describeCustomer,
  MessageRules,
  type ProfileTarget,
  profileFetch,
} from './modules/channels/index.ts'
import { type ChatDetails, type ChatRouteDeps, ChatService, ReplyService, type Viewer } from './modules/chats/index.ts'
import { AccountService, ContactService, LinkService, linkContact, readContactProfile } from './modules/contacts/index.ts'
import { createFiles, mediaFetch } from './modules/files/index.ts'
import { ActionRunService, ProcessInputs, QuickActionService } from './modules/quick-actions/index.ts'
import { audit, createSecretBox, SettingsService } from './modules/settings/index.ts'
import { TemplateService, templateTexts } from './modules/templates/index.ts'
import { LanguageDetector, type ProviderConfig, TranslatedChats, TranslationService, translationRun } from './modules/translation/index.ts'
import {
  CatalogService,
  ChatPump,
  chatWake,
  DefinitionService,
  describeChatProcess,
  IncidentService,
  InstanceService,
  RemoteTaskRunner,
  ScenarioRunner,
  ScenarioService,
  taskRun,
} from './modules/workflow/index.ts'
import type { Clock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { createDatabase } from './platform/db/database.ts'
import { createFileStorage } from './platform/files/storage.ts'
import { withIdempotency } from './platform/http/idempotency.ts'
import { createJobs } from './platform/jobs/jobs.ts'
import type { createLogger } from './platform/log.ts'
import { createMetrics } from './platform/metrics.ts'
import { createRelay } from './platform/relay/relay.ts'
import { createSafeDispatcher } from './platform/safe-http.ts'
import { Hub, type RelayTopics, TypingIndicators } from './realtime/index.ts'
import { sandboxFactory } from './sandbox.ts'
import type { ParleyWork, Schema } from './schema.ts'

export interface ContainerOptions {
  config: Config
  databaseUrl: string
  log: ReturnType<typeof createLogger>
  clock: Clock
  /** Unique in the cluster and new at each start. */
  nodeId: string
}

export type Container = Awaited<ReturnType<typeof createContainer>>

/** How often a node says that it and its connections live, in milliseconds. */
const heartbeatMs = 10_000

/** Builds everything once; the only place that knows everything. Nothing runs before `start()`. */
export async function createContainer(options: ContainerOptions) {
  const { config, databaseUrl, clock, nodeId } = options
  const log = options.log
  const metrics = createMetrics()
  const database = withIdempotency(createDatabase<Schema>({ url: databaseUrl, clock, log }))
  const redisUrl = config.redisUrl ?? undefined
  const relay = await createRelay({ databaseUrl, nodeId, log, redisUrl })
  const jobs = createJobs({ jobs: allJobs, databaseUrl, log, redisUrl, onRun: ({ job, outcome }) => metrics.jobRuns.inc({ job, outcome }) })
  const secrets = await createSecretBox({ secretKey: config.secretKey, dataDir: config.dataDir })
  const engine = createEnginePool({ threads: config.engineThreads })
  const http = createHttp()
  const storage = await createFileStorage({ folder: path.join(config.dataDir, 'files'), s3: config.s3 })

  const publish = <T extends keyof RelayTopics>(topic: T, message: RelayTopics[T]): void => {
    relay
      .publish(topic, message)
      .catch((error: unknown) => log.error({ err: error, topic }, 'A message to the other nodes could not be sent'))
  }
  /** Jobs make things punctual; the sweepers make them certain. So a job that cannot be added is only logged. */
  const addJob = (what: string, adding: Promise<void>): void => {
    adding.catch((error: unknown) => log.warn({ err: error, job: what }, 'A job could not be added; the sweeper will find its work'))
  }
  const translatedChats = new TranslatedChats()
  const outlets = {
    publish: (change: RelayTopics['chat.changed']) => {
      publish('chat.changed', change)
      if (change.kind === 'message' && change.message.direction === 'incoming' && translatedChats.has(change.chatId))
        outlets.translateSoon(change.chatId)
    },
    translateSoon: (chatId: string) =>
      addJob(translationRun.name, jobs.add(translationRun, { chatId }, { jobId: `translation-${chatId}` })),
    wakeAt: (chatId: string, at: Date) =>
      addJob(
        chatWake.name,
        jobs.add(chatWake, { chatId }, { jobId: `wake-${chatId}`, delayMs: Math.max(0, at.getTime() - clock.now().getTime()) }),
      ),
    runTask: (instanceId: string, waitId: string, at?: Date) =>
      addJob(
        taskRun.name,
        jobs.add(taskRun, { instanceId, waitId }, { delayMs: Math.max(0, (at ?? clock.now()).getTime() - clock.now().getTime()) }),
      ),
    deliverSoon: (chatId: string) => addJob(deliveryRun.name, jobs.add(deliveryRun, { chatId }, { jobId: `delivery-${chatId}` })),
    deliverAt: (chatId: string, at: Date) =>
      addJob(
        deliveryRun.name,
        jobs.add(deliveryRun, { chatId }, { jobId: `delivery-${chatId}`, delayMs: Math.max(0, at.getTime() - clock.now().getTime()) }),
      ),
    fetchProfile: (target: ProfileTarget) =>
      addJob(profileFetch.name, jobs.add(profileFetch, target, { jobId: `profile-${target.identityId}` })),
    fetchAt: (fileId: string, at: Date) =>
      addJob(
        mediaFetch.name,
        jobs.add(mediaFetch, { fileId }, { jobId: `media-${fileId}`, delayMs: Math.max(0, at.getTime() - clock.now().getTime()) }),
      ),
    advanceSoon: (chatId: string) => pump.push(chatId),
    instanceChanged: (instance: { id: string; key: string; state: string; chatId: string | null }) =>
      publish('process.changed', { instanceId: instance.id, key: instance.key, state: instance.state, chatId: instance.chatId }),
  }

  const directory = new ChannelDirectory({ database, secrets, publicUrl: config.publicUrl })
  const settings = new SettingsService({ database, secrets, announce: (code) => publish('settings.changed', { code }) })
  const files = createFiles({
    database,
    storage,
    stagingFolder: path.join(config.dataDir, 'incoming'),
    settings,
    secrets,
    clock,
    log,
    publicUrl: config.publicUrlIsSet ? config.publicUrl : null,
    schedule: outlets.fetchAt,
    maySee: (agent, chatId) => chats.maySee(agent, chatId),
    changeMessage: (work, messageId, change) => messages.change(work, messageId, change),
    async fetch(channelId, file) {
      const channel = await directory.find(channelId)
      if (!channel) throw new Error(`Channel ${channelId} is gone although it has files`)
      return channel.adapter.media(file, channel.account, http)
    },
  })
  const domain = createDomain({
    database,
    clock,
    log,
    engine,
    outlets,
    attachFiles: (work, messageId, fileIds) => files.service.attach(work, messageId, fileIds),
    notify: (agentIds, frame) => publish('notification', { agentIds, frame }),
    translation: () => translation,
    outbound: createSafeDispatcher(config.outboundAllowList),
  })
  const { messages, routing, tasks, host, chatChanged: changed } = domain
  const pump = new ChatPump({ advance: (chatId) => host.advance(chatId), concurrency: 4, log })
  const remoteTasks = new RemoteTaskRunner({ database, tasks, host, log, schedule: outlets.runTask })
  const scenarioRunner = new ScenarioRunner({ database, engine, createSandbox: sandboxFactory(log), log })
  const definitions = new DefinitionService({ database, engine, tasks, scenarios: scenarioRunner })
  const incidents = new IncidentService(database, host)

  const accounts = createAgentService({
    database,
    clock,
    log,
    hooks: {
      async onStatusChanged(work, agent, cause) {
        await routing.agentStatusChanged(work, agent, cause)
        work.afterCommit(() => publish('agent.changed', { agent }))
      },
      async onAgentChanged(work, agent, fields) {
        await routing.agentChanged(work, agent, fields)
        work.afterCommit(() => publish('agent.changed', { agent }))
      },
      onSessionsEnded({ agentId, sessionIds, tokenIds }) {
        publish('sessions.ended', { agentId, sessionIds: [...sessionIds, ...tokenIds], code: 4001 })
      },
    },
  })
  /** A change of status is answered once waiting chats have been offered anew, so that the agent's next look shows them. */
  const agents: AgentService = {
    ...accounts,
    async changeOwnStatus(...change) {
      const agent = await accounts.changeOwnStatus(...change)
      await routing.settled()
      return agent
    },
    async setStatusOf(...change) {
      const agent = await accounts.setStatusOf(...change)
      await routing.settled()
      return agent
    },
  }

  const inputs = new ProcessInputs((type) => Object.keys(tasks.get(type).output.properties))
  const quickActions = new QuickActionService({ database, inputs, audit })
  const rules = new MessageRules({ directory, maxFileBytes: async () => (await files.service.rules()).maxBytes })
  const detector = new LanguageDetector()
  const translation: TranslationService = new TranslationService({
    database,
    clock,
    log,
    detector,
    messages,
    changed,
    providerConfig: async () => (await settings.get('TranslationProvider')) as ProviderConfig,
    schedule: outlets.translateSoon,
    announce: (chatId, enabled) => publish('chat.translated', { chatId, enabled }),
  })

  const details: ChatDetails = {
    restrictionsOf: (channelId) => rules.restrictionsOf(channelId),
    actions: (db, queueId) => quickActions.listFor(db, queueId),
    profileOf: async (db, chatId) => readContactProfile(db, chatId, await settings.get('ContactProfileFields')),
    customerOf: describeCustomer,
  }
  const chats: ChatService = new ChatService({
    database,
    host,
    offers: routing,
    details,
    publish: outlets.publish,
  })
  const assertVisible = (agent: Viewer, chatId: string) => chats.assertVisible(agent, chatId)
  const replies = new ReplyService({
    database,
    messages,
    assertVisible,
    templates: templateTexts,
    gate: {
      filesOf: (work, agentId, fileIds) => files.service.sendable(work, agentId, fileIds),
      check: (channelId, message, at) => rules.check(channelId, message, at),
    },
  })
  const actionRuns = new ActionRunService({
    database,
    host,
    inputs,
    evaluate: (expression, variables) =>
      engine.evaluate(expression, { chat: null, event: null, agent: null, now: clock.now() }, variables as Record<string, Value>),
    assertMayAct: (agent, chatId) => chats.assertMayAct(agent, chatId),
    assertVisible,
  })

  const channels = createChannels({
    database,
    directory,
    secrets,
    messages,
    http,
    clock,
    log,
    publicUrl: config.publicUrl,
    publicUrlIsSet: config.publicUrlIsSet,
    outlets,
    audit,
    push: (agentIds, frame) => publish('notification', { agentIds, frame }),
    linkContact: (work, chatId, contactId) => linkContact(work, chatId, contactId, null),
    filesOf: (messageId) => files.channel.outbound(messageId),
    outgoingText: (message) => translation.outgoingText(message),
    prepareFiles: (channelId, externalId, list) => files.channel.prepare(channelId, externalId, list),
    storePicture: (channel, picture) => files.media.storePicture(channel.account.id, picture),
    announce: (channelId) => publish('channel.changed', { channelId }),
  })

  const hub = new Hub({ db: database.db, relay, details, log, clock, nodeId })
  const typing = new TypingIndicators(relay, clock)

  const chatRouteDeps: ChatRouteDeps = {
    chats,
    replies,
    explain: async (chatId) => ({
      ...(await describeChatProcess(database.db, chatId)),
      decisions: await routing.listDecisions(database.db, chatId),
    }),
    transferTargets: (chatId, agentId) => routing.listTransferTargets(database.db, chatId, agentId),
    transferWarnings: (target) => routing.transferWarnings(database.db, target),
    typing: (chatId, agent) => typing.agentTypes(chatId, agent),
  }

  let ready = false
  let heartbeat: NodeJS.Timeout | undefined

  return {
    config,
    pino: options.log,
    log,
    clock,
    metrics,
    database,
    jobs,
    engine,
    host,
    pump,
    outlets,
    agents,
    definitions,
    incidents,
    remoteTasks,
    quickActions,
    translation,
    channels: channels.service,
    directory,
    settings,
    files,
    inbound: channels.inbound,
    delivery: channels.delivery,
    channelHealth: channels.health,
    profiles: channels.profiles,
    hub,
    typing,
    routing,
    chatRouteDeps,
    queueRouteDeps: routing.routeDeps,
    quickActionRouteDeps: {
      actions: quickActions,
      runs: actionRuns,
      listForChat: async (agent: Parameters<ChatService['get']>[0], chatId: string) => (await chats.get(agent, chatId)).actions,
    },
    contactRouteDeps: {
      contacts: new ContactService({ database, raise: domain.raise, chatChanged: changed, audit }),
      accounts: new AccountService(database),
      links: new LinkService({
        database,
        processKey: async () => settings.get('LinkContactProcess'),
        runProcess: (agent, chatId, key, given) => actionRuns.runProcess(agent, chatId, key, given),
        readChat: (agent, chatId) => chats.get(agent, chatId),
      }),
      listChats: (agent: Viewer, contactId: string, page: { limit: number; before: string | undefined }) =>
        chats.list(agent, { contactId, ...page }),
    },
    cases: new CaseService({ database, raise: domain.raise, assertVisible, audit }),
    templates: new TemplateService({ database, assertVisible, audit }),
    workflowRouteDeps: {
      database,
      definitions,
      incidents,
      catalog: new CatalogService(tasks),
      scenarios: new ScenarioService({ database, definitions }),
      instances: new InstanceService({ database, host }),
    },
    realtimeDeps: {
      db: database.db,
      hub,
      chats,
      details,
      clock,
      log,
      agentOf: (id: string) => agents.getAgent(id),
      presence: {
        opened: (agentId: string, connectionId: string) => agents.connectionOpened(agentId, connectionId, nodeId),
        closed: (connectionId: string) => agents.connectionClosed(connectionId),
      },
      typing: chatRouteDeps.typing,
    },
    isReady: () => ready,
    setReady(value: boolean) {
      ready = value
    },
    /** Takes a lock on a number until the transaction ends. */
    async lock(work: ParleyWork, key: number): Promise<void> {
      await sql`select pg_advisory_xact_lock(${key})`.execute(work.trx)
    },
    /** Joins the cluster: listens to the other nodes and says that this one lives. */
    async start(): Promise<void> {
      await relay.subscribe('chat.translated', (message) => {
        const { chatId, enabled } = message as RelayTopics['chat.translated']
        translatedChats.set(chatId, enabled)
      })
      translatedChats.replace(await translation.enabledChats())
      await relay.subscribe('channel.changed', (message) => directory.forget((message as RelayTopics['channel.changed']).channelId))
      await relay.subscribe('settings.changed', () => settings.forget())
      await hub.start()
      await typing.start()
      await agents.heartbeat(nodeId)
      heartbeat = setInterval(() => {
        agents.heartbeat(nodeId).catch((error: unknown) => log.warn({ err: error }, 'The heartbeat of this node failed'))
      }, heartbeatMs)
    },
    /** Ends what the container opened: pending work first, the database last. */
    async close(deadlineMs: number): Promise<void> {
      clearInterval(heartbeat)
      await jobs.close(deadlineMs)
      await Promise.race([pump.idle(), new Promise((resolve) => setTimeout(resolve, deadlineMs).unref())])
      await routing.settled()
      await relay.close()
      await http.close()
      await storage.close()
      await engine.close()
      await detector.close()
      await database.close()
    },
  }
}
