import { type Static, Type } from 'typebox'
import { ChatStatus, Direction } from './chats.ts'
import { Nullable } from './common.ts'
import { RoutingRule } from './queues.ts'

/**
 * Process tests: `<process>.scenarios.json` beside a definition is a list of scenarios. Each runs on a virtual clock
 * against a chat of its own; only the process under test reacts to the events of the chat.
 *
 * Ids are not known when a scenario is written, so a text "@agent:Ada", "@contact:Jane" or "@queue:Sales" in a payload,
 * in inputs, variables or expectations stands for the id of the agent, contact or queue of that name.
 */
const strict = { additionalProperties: false } as const

/** "+PT30M": this much after the moment the scenario has reached (ISO 8601 duration of days, hours, minutes and seconds). */
export const Advance = Type.String({ pattern: '^\\+P(?=\\d|T\\d)(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+S)?)?$' })

/** What refers to a record by name: kind and name. */
export const referencePattern = /^@(agent|contact|queue):(.+)$/

const Minutes = Nullable(Type.Number({ exclusiveMinimum: 0 }))
const Name = Type.String({ minLength: 1 })
const Values = Type.Record(Type.String(), Type.Unknown())

const GivenQueue = Type.Object(
  {
    routingRule: Type.Optional(RoutingRule),
    chatTimeoutMinutes: Type.Optional(Minutes),
    firstResponseMinutes: Type.Optional(Minutes),
    ongoingResponseMinutes: Type.Optional(Minutes),
    offerTimeoutMinutes: Type.Optional(Minutes),
    isOpen: Type.Optional(Type.Boolean({ description: 'Whether it is within the business hours of the queue; open when absent' })),
  },
  strict,
)

const GivenAgent = Type.Object(
  {
    name: Name,
    status: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('inactive')], { description: 'active when absent' })),
    role: Type.Optional(Type.Union([Type.Literal('agent'), Type.Literal('supervisor'), Type.Literal('admin')])),
    maxChats: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  strict,
)

const GivenContact = Type.Object(
  {
    name: Name,
    hasOpenChat: Type.Optional(Type.Boolean({ description: 'Has an open chat on the same channel already' })),
  },
  strict,
)

const Said = Type.Object(
  {
    from: Type.Union([Type.Literal('customer'), Type.Literal('agent')]),
    agent: Type.Optional(Name),
    text: Type.String(),
  },
  strict,
)

const GivenChat = Type.Object(
  {
    status: Type.Optional(ChatStatus),
    agent: Type.Optional(Name),
    /** Sets the chat timeout to this long after the start, whatever the queue says. */
    timeout: Type.Optional(Advance),
    isTransferred: Type.Optional(Type.Boolean({ description: 'Continues a completed parent chat' })),
  },
  strict,
)

/** What is there before the first step. Without `agents` there is nobody; the chat has one customer message unless `firstMessage` is null. */
export const Given = Type.Object(
  {
    queue: Type.Optional(GivenQueue),
    /** Further queues, by name. */
    queues: Type.Optional(Type.Array(Type.Object({ name: Name }, strict))),
    agents: Type.Optional(Type.Array(GivenAgent)),
    customer: Type.Optional(Type.Object({ name: Type.Optional(Name), mobilePhone: Type.Optional(Type.String()) }, strict)),
    contacts: Type.Optional(Type.Array(GivenContact)),
    firstMessage: Type.Optional(Nullable(Type.String())),
    messages: Type.Optional(Type.Array(Said)),
    chat: Type.Optional(GivenChat),
    variables: Type.Optional(Values),
  },
  strict,
)
export type Given = Static<typeof Given>

/** Expected texts: the whole text, or a part of it. */
const ExpectedMessage = Type.Object(
  { direction: Direction, text: Type.Optional(Type.String()), contains: Type.Optional(Type.String()) },
  strict,
)

/** `to` is the input of agent.notify: owner, queue, supervisors or a reference such as "@agent:Ada". */
const ExpectedNotification = Type.Object({ to: Type.String(), contains: Type.String() }, strict)

/** A part of the values; a value {"contains": "…"} matches a text that contains it. */
const Subset = Type.Record(Type.String(), Type.Unknown())

/** What must be so now. Only what is written is compared. */
export const Expectation = Type.Object(
  {
    chat: Type.Optional(
      Type.Object(
        {
          status: Type.Optional(ChatStatus),
          agent: Type.Optional(Nullable(Name)),
          completionReason: Type.Optional(Type.String()),
          contact: Type.Optional(Name),
        },
        strict,
      ),
    ),
    /** All elements at which the process under test waits, without the boundary events on them. */
    waits: Type.Optional(Type.Array(Type.String())),
    ended: Type.Optional(Type.Boolean({ description: 'No instance of the process under test is running' })),
    /** The last messages of the chat, in order. */
    messages: Type.Optional(Type.Array(ExpectedMessage)),
    /** All notifications so far, in order. */
    notifications: Type.Optional(Type.Array(ExpectedNotification)),
    /** Names of the agents the chat is offered to now, in any order. */
    offeredTo: Type.Optional(Type.Array(Name)),
    /** Of the instance started last. */
    variables: Type.Optional(Subset),
    /** Of the case of the chat. */
    case: Type.Optional(Subset),
    /** The child chat a transfer made. */
    child: Type.Optional(
      Type.Object({ status: Type.Optional(ChatStatus), agent: Type.Optional(Nullable(Name)), queue: Type.Optional(Name) }, strict),
    ),
    incident: Type.Optional(Type.Boolean()),
  },
  strict,
)
export type Expectation = Static<typeof Expectation>

/** First moves the clock, when given; everything due on the way fires in order. */
const at = { at: Type.Optional(Advance) }
const refused = { refused: Type.Optional(Type.String({ description: 'The code with which the step must be refused' })) }

export const EventStep = Type.Object(
  { ...at, event: Type.String(), agent: Type.Optional(Name), payload: Type.Optional(Values), ...refused },
  strict,
)
export const MessageStep = Type.Object({ ...at, message: Said }, strict)
export const AdvanceStep = Type.Object({ ...at, advance: Advance }, strict)
export const FormStep = Type.Object({ ...at, form: Type.String({ description: 'Element id of the user task' }), variables: Values }, strict)
/** Starts the process at its none start event, as a quick action of the agent does. */
export const StartStep = Type.Object(
  { ...at, start: Type.Object({ inputs: Values }, strict), agent: Type.Optional(Name), ...refused },
  strict,
)
export const ExpectStep = Type.Object({ ...at, expect: Expectation }, strict)

export const Step = Type.Union([EventStep, MessageStep, AdvanceStep, FormStep, StartStep, ExpectStep])
export type Step = Static<typeof Step>

/** What a task answers instead of running. */
export const Mock = Type.Union([
  Type.Object({ outputs: Values }, strict),
  Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String() }, strict) }, strict),
])
export type Mock = Static<typeof Mock>

export const Scenario = Type.Object(
  {
    name: Name,
    given: Type.Optional(Given),
    steps: Type.Array(Step, { minItems: 1 }),
    /** By element id of the task. */
    mocks: Type.Optional(Type.Record(Type.String(), Mock)),
  },
  strict,
)
export type Scenario = Static<typeof Scenario>

export const ScenarioFile = Type.Array(Scenario)
export type ScenarioFile = Static<typeof ScenarioFile>
