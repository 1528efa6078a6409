import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as stockElements from 'bpmn-elements'
import { Engine } from 'bpmn-engine'
import { BpmnModdle } from 'bpmn-moddle'
import serialize, { deserialize, TypeResolver } from 'moddle-context-serializer'

const file = path.resolve(import.meta.dirname, '../../processes/chat_lifecycle.bpmn')

/** The shipped lifecycle in the words of stock bpmn-engine: the same elements, its own expressions and timers. */
async function stockXml(): Promise<string> {
  const xml = await readFile(file, 'utf8')
  return xml
    .replaceAll(/<bpmn:extensionElements>[\s\S]*?<\/bpmn:extensionElements>/g, '')
    .replaceAll('<bpmn:serviceTask ', `<bpmn:serviceTask implementation="\${environment.services.task}" `)
    .replaceAll('=event.agentId != null', `\${environment.variables.transferred}`)
    .replaceAll('=chat.timeoutAt', 'PT1H')
    .replaceAll('bpmn:timeDate', 'bpmn:timeDuration')
}

/** Milliseconds of the steps of one chat: recover from JSON, resume, signal, save to JSON. */
export interface LifecycleTimes {
  accept: number
  complete: number
}

/** One chat after the other in memory, on raw bpmn-engine, with tasks that do nothing and the parsed diagram cached. */
export async function createRawLifecycle(): Promise<() => Promise<LifecycleTimes>> {
  const resolver = TypeResolver({ ...stockElements } as never)
  const text = serialize((await new BpmnModdle().fromXML(await stockXml())) as never, resolver).serialize()
  const sourceContext = deserialize(JSON.parse(text), resolver)
  const newEngine = () =>
    new Engine({
      name: 'chat_lifecycle',
      sourceContext,
      services: { task: (_scope: unknown, done: () => void) => done() },
      variables: { transferred: false },
    } as never)

  const step = async (state: string, message: string): Promise<{ state: string | null; ms: number }> => {
    const begun = performance.now()
    const engine = newEngine()
    engine.recover(JSON.parse(state))
    const execution = await engine.resume()
    execution.signal({ id: message })
    const next = save(engine)
    const ms = performance.now() - begun
    // Its timers are real ones; an engine that has ended has none, and would never answer that it stopped.
    if (next !== null) await engine.stop()
    return { state: next, ms }
  }

  return async () => {
    const engine = newEngine()
    const execution = await engine.execute()
    execution.signal({ id: 'message_chat_created' })
    const started = save(engine)
    await engine.stop()
    if (started === null) throw new Error('The raw lifecycle ended at its start')
    const accepted = await step(started, 'message_agent_accepted')
    if (accepted.state === null) throw new Error('The raw lifecycle ended when it was accepted')
    const completed = await step(accepted.state, 'message_agent_completed')
    if (completed.state !== null) throw new Error('The raw lifecycle did not end when it was completed')
    return { accept: accepted.ms, complete: completed.ms }
  }
}

/** The state without the source, which is cached beside it as in Parley; null when the process has ended. */
function save(engine: Engine): string | null {
  const [definition] = engine.execution.definitions
  if (!definition) throw new Error('The raw engine has no definition')
  const text = JSON.stringify({ name: 'chat_lifecycle', definitions: [definition.getState()] })
  return definition.isRunning ? text : null
}
