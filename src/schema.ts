import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { Database, Work } from './platform/db/database.ts'

/** The tables of Parley as the migrations leave them. bigint and uuid columns are strings. */
export interface Schema {
  agents: {
    id: GeneratedAlways<string>
    name: string
    email: string
    password_hash: string | null
    role: 'agent' | 'supervisor' | 'admin'
    status: Generated<'active' | 'inactive'>
    language: Generated<string>
    max_chats: Generated<number>
    disabled: Generated<boolean>
    notifications: Json<{ sound: boolean; browser: boolean }>
    last_offered_at: Date | null
    disconnected_at: Date | null
    created_at: Date
  }
  agent_status_periods: {
    id: GeneratedAlways<string>
    agent_id: string
    status: 'active' | 'inactive'
    cause: string
    started_at: Date
    ended_at: Date | null
  }
  sessions: { id: Generated<string>; token_hash: Buffer; agent_id: string; created_at: Date; last_seen_at: Date; expires_at: Date }
  api_tokens: {
    id: GeneratedAlways<string>
    name: string
    token_hash: Buffer
    agent_id: string
    created_at: Date
    last_used_at: Date | null
  }
  agent_connections: { id: string; agent_id: string; node_id: string; heartbeat_at: Date }
  accounts: { id: GeneratedAlways<string>; name: string; created_at: Date }
  contacts: {
    id: GeneratedAlways<string>
    name: string
    photo_url: string | null
    mobile_phone: string | null
    email: string | null
    account_id: string | null
    language: string | null
    notes: string | null
    custom: Json<Record<string, unknown>>
    created_at: Date
    removed_at: Date | null
  }
  contact_identities: {
    id: GeneratedAlways<string>
    contact_id: string
    namespace: string
    external_id: string
    name: string | null
    created_at: Date
    /** When the provider was asked for name and picture; null when that is still to be done. */
    profile_checked_at: Date | null
  }
  queues: {
    id: GeneratedAlways<string>
    name: string
    routing_rule: Generated<'everyone' | 'least_loaded' | 'round_robin' | 'last_agent'>
    first_response_minutes: number | null
    ongoing_response_minutes: number | null
    chat_timeout_minutes: number | null
    offer_timeout_minutes: number | null
    max_chats: Generated<number>
    requeue_minutes: number | null
    all_agents: Generated<boolean>
    created_at: Date
  }
  queue_agents: { queue_id: string; agent_id: string }
  channels: {
    id: Generated<string>
    kind: ChannelKind
    name: string
    queue_id: string
    language: string | null
    enabled: Generated<boolean>
    config: Json<Record<string, unknown>>
    secrets: Buffer | null
    last_webhook_at: Date | null
    created_at: Date
    /** warning: receiving may be broken; failing: the provider refuses the credentials, so messages wait. */
    health: Generated<'unknown' | 'ok' | 'warning' | 'failing'>
    health_reason: string | null
    health_since: Date | null
    checked_at: Date | null
    failed_checks: Generated<number>
    alarmed_at: Date | null
    alarmed_reason: string | null
    /** The provider asked for silence until then. */
    paused_until: Date | null
    /** Hours without a webhook after which an alarm is raised; null = never. */
    silence_alarm_hours: Generated<number | null>
  }
  chats: ChatsTable
  messages: MessagesTable
  drafts: { chat_id: string; agent_id: string; text: string; file_ids: Generated<string[]>; updated_at: Date }
  files: FilesTable
  message_files: { message_id: string; position: number; file_id: string }
  signing_keys: { name: string; sealed: Buffer; created_at: Date }
  chat_offers: {
    chat_id: string
    agent_id: string
    state: 'open' | 'declined' | 'expired' | 'withdrawn' | 'accepted'
    offered_at: Date
    expires_at: Date | null
    closed_at: Date | null
    reason: string | null
  }
  routing_decisions: {
    id: GeneratedAlways<string>
    chat_id: string
    at: Date
    rule: string
    reason: string
    offered_to: Generated<string[]>
    assigned_to: string | null
  }
  delivery_lanes: { chat_id: string; next_attempt_at: Date; lease_until: Date | null; lease_token: string | null; slot_at: Date | null }
  delivery_attempts: {
    id: GeneratedAlways<string>
    message_id: string
    attempt: number
    part: Generated<number>
    started_at: Date
    finished_at: Date | null
    /** waiting: the channel, not the message, was the obstacle. */
    outcome: 'sent' | 'retry' | 'waiting' | 'failed' | 'uncertain' | 'interrupted' | null
    code: string | null
    reason: string | null
    /** Provider messages the whole message consists of. */
    parts: Generated<number>
  }
  provider_messages: {
    channel_id: string
    external_id: string
    message_id: string
    part: number
    /** replaced: failed, and sent again since. */
    status: 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'replaced'
    /** When the call that sent it began, by our clock. */
    taken_at: Date | null
    /** The provider's own time of the message. */
    provider_at: Date | null
    failure_code: string | null
    failure_reason: string | null
  }
  send_slots: { channel_id: string; recipient: string; next_at: Date }
  pending_receipts: {
    channel_id: string
    external_id: string
    status: 'sent' | 'delivered' | 'read' | 'failed'
    at: Date | null
    failure_code: string | null
    failure_reason: string | null
    received_at: Date
  }
  thread_watermarks: {
    channel_id: string
    namespace: string
    external_id: string
    delivered_before: Date | null
    read_up_to: Date | null
  }
  inbound_events: { channel_id: string; event_key: string; received_at: Date }
  unhandled_webhooks: { id: GeneratedAlways<string>; channel_id: string; reason: string; body: string; received_at: Date }
  identity_restrictions: { channel_id: string; identity_id: string; state: 'blocked' | 'opted_out'; since: Date }
  process_definitions: { key: string; name: string; active_version: number | null; shipped: Generated<boolean>; created_at: Date }
  process_versions: {
    key: string
    version: number
    name: string
    xml: string
    forms: Json<Record<string, unknown>>
    scenarios: Json<unknown[]>
    scenarios_shipped: Generated<boolean>
    checksum: string
    compiled: Json<Record<string, unknown>>
    problems: Json<unknown[]>
    author_id: string | null
    comment: string | null
    activated_at: Date | null
    created_at: Date
  }
  process_starts: { key: string; element_id: string; event_name: string }
  process_instances: {
    id: GeneratedAlways<string>
    key: string
    version: number
    chat_id: string | null
    state: 'running' | 'completed' | 'cancelled' | 'incident'
    variables: Json<Record<string, unknown>>
    engine_state: string | null
    started_by: string | null
    started_at: Date
    ended_at: Date | null
  }
  process_waits: {
    instance_id: string
    wait_id: string
    chat_id: string | null
    kind: 'message' | 'signal' | 'timer' | 'task' | 'form'
    element_id: string
    element_name: string
    element_type: string
    attached_to_id: string | null
    event_name: string | null
    timer: Json<Record<string, unknown> | null>
    /** Set when the timer is exactly "=chat.<field>": the chat's column is the truth, due_at stays null. */
    chat_field: string | null
    due_at: Date | null
    task: Json<Record<string, unknown> | null>
    form_id: string | null
    attempts: Generated<number>
  }
  process_events: {
    id: GeneratedAlways<string>
    chat_id: string
    name: string
    payload: Json<Record<string, unknown>>
    agent_id: string | null
    created_at: Date
  }
  process_deliveries: {
    id: GeneratedAlways<string>
    instance_id: string
    chat_id: string | null
    delivery: Json<Record<string, unknown>>
    event: Json<Record<string, unknown>>
    agent_id: string | null
    attempts: Generated<number>
    next_attempt_at: Date | null
    created_at: Date
  }
  process_incidents: {
    id: GeneratedAlways<string>
    instance_id: string
    delivery_id: string | null
    element_id: string | null
    code: string
    message: string
    attempts: number
    created_at: Date
    resolved_at: Date | null
  }
  process_log: {
    id: GeneratedAlways<string>
    instance_id: string
    element_id: string
    element_name: string
    element_type: string
    execution_id: string
    kind: string
    inputs: Json<unknown>
    outputs: Json<unknown>
    attempt: Generated<number>
    message: string | null
    at: Date
    at_ms: number
  }
  cases: {
    id: GeneratedAlways<string>
    number: Generated<number>
    subject: string
    description: string
    source: string
    status: string
    registered_at: Date
    contact_id: string | null
    account_id: string | null
    assignee_id: string | null
    chat_id: string | null
    origin: string | null
  }
  message_translations: {
    message_id: string
    text: string | null
    from_language: string
    to_language: string
    provider: string
    reason: string | null
    created_at: Date
  }
  translation_cache: {
    provider: string
    from_language: string
    to_language: string
    text_hash: Buffer
    text: string
    detected_language: string
    used_at: Date
  }
  contact_tombstones: {
    contact_id: string
    /** Null: nobody took over what the contact had. */
    merged_into_id: string | null
    identity_ids: string[]
    chat_ids: Generated<string[]>
    case_ids: Generated<string[]>
    chat_id: string | null
    removed_by: string | null
    removed_at: Date
  }
  templates: {
    id: GeneratedAlways<string>
    name: string
    body: string
    language: string | null
    queue_ids: Generated<string[]>
    created_at: Date
    updated_at: Date
  }
  template_uses: { agent_id: string; template_id: string; used_at: Date }
  notification_sound: { singleton: Generated<boolean>; type: string; bytes: Buffer; uploaded_at: Date }
  settings: { code: string; value: Json<unknown>; updated_at: Date; updated_by: string | null }
  quick_actions: {
    id: GeneratedAlways<string>
    caption: string
    icon: string | null
    process_key: string
    queue_ids: Generated<string[]>
    position: Generated<number>
    enabled: Generated<boolean>
  }
  notifications: {
    id: GeneratedAlways<string>
    agent_id: string
    chat_id: string | null
    title: string
    text: string
    severity: 'info' | 'warning' | 'error'
    created_at: Date
    read_at: Date | null
  }
  audit_log: {
    id: GeneratedAlways<string>
    at: Date
    agent_id: string | null
    action: string
    subject: string
    details: Json<Record<string, unknown>>
  }
  idempotency_keys: {
    agent_id: string
    key: string
    request_hash: string
    status: number | null
    response: Json<unknown>
    created_at: Date
  }
}

export type ChannelKind = 'telegram' | 'whatsapp' | 'messenger' | 'sms' | 'simulator'

/** jsonb: read as the value, written as JSON text (pg would send an array as a PostgreSQL array). */
type Json<T> = ColumnType<T, string | undefined, string>

export interface ChatsTable {
  id: GeneratedAlways<string>
  number: Generated<number>
  status: Generated<'waiting' | 'in_progress' | 'completed'>
  contact_id: string
  channel_id: string
  queue_id: string
  agent_id: string | null
  parent_chat_id: string | null
  previous_chat_id: string | null
  identity_id: string | null
  seq: Generated<number>
  read_seq: Generated<number>
  unread: Generated<number>
  first_message: string | null
  last_message_text: string | null
  last_message_direction: 'incoming' | 'outgoing' | 'system' | 'note' | null
  last_message_at: Date | null
  last_message_status: 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | null
  last_message_id: string | null
  last_customer_message_at: Date | null
  last_agent_message_at: Date | null
  first_agent_message_at: Date | null
  response_due_at: Date | null
  overdue_since: Date | null
  timeout_at: Date | null
  wake_at: Date | null
  heard_events: Generated<string[]>
  language: string | null
  tags: Generated<string[]>
  priority: Generated<number>
  created_at: Date
  accepted_at: Date | null
  completed_at: Date | null
  completion_reason: 'agent' | 'timeout' | 'transfer' | 'process' | null
  /** Replies to later messages of the customer, and the seconds they took together; the first response has its own columns. */
  responses: Generated<number>
  response_seconds: Generated<number>
  overdue_count: Generated<number>
  delivery_failures: Generated<number>
  translation: Json<{ enabled: boolean; from: string | null; to: string } | null>
}

export interface MessagesTable {
  id: GeneratedAlways<string>
  chat_id: string
  seq: number
  changed_seq: number
  direction: 'incoming' | 'outgoing' | 'system' | 'note'
  author_kind: 'contact' | 'agent' | 'process' | 'system'
  author_id: string | null
  author_name: string | null
  text: string | null
  at: Date
  provider_at: Date | null
  status: 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | null
  failure_code: string | null
  failure_reason: string | null
  attempts: Generated<number>
  client_id: string | null
  channel_id: string | null
  external_id: string | null
  identity_id: string | null
  details: Json<Record<string, unknown> | null>
}

export interface FilesTable {
  id: Generated<string>
  name: string
  /** MIME type: the provider's word until the file is ready, then by its bytes. */
  type: string
  /** Bytes; bigint reads as text. */
  size: string | null
  sha256: string | null
  /** `discarded`: about to be removed with its bytes. */
  state: 'pending' | 'ready' | 'failed' | 'discarded'
  failure_code: string | null
  failure_reason: string | null
  uploaded_by: string | null
  /** The channel it came over; null for an agent's upload. */
  channel_id: string | null
  /** What the provider told of the file; null for uploads. */
  source: Json<Record<string, unknown> | null>
  attempts: Generated<number>
  /** When fetching it is due; pushed ahead while somebody fetches it. */
  next_attempt_at: Date | null
  created_at: Date
}

export type ParleyDatabase = Database<Schema>
export type ParleyWork = Work<Schema>
