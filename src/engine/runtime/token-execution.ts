import type { ProcessModel } from '../model/types.ts'
import type { Delivery, Value, Wait } from '../types.ts'
import { behaviourOf } from './behaviour.ts'
import { deliver, start } from './deliver.ts'
import { Execution, eachExecution } from './execution.ts'
import { releaseInclusiveJoins } from './joins.ts'
import { begin } from './lifecycle.ts'
import { nextInstance } from './loops.ts'
import type { Run } from './run.ts'
import { loadTokens, type SavedTokens, saveTokens } from './state.ts'
import { refreshTimer } from './subscriptions.ts'
import { waitsOf } from './waits.ts'

/** Runs the tokens of one process instance through one step. */
export class TokenExecution {
  readonly root: Execution
  private readonly run: Run

  constructor(run: Run, model: ProcessModel, variables: { [key: string]: Value }, saved: SavedTokens | null) {
    this.run = run
    this.root = saved
      ? loadTokens(saved, model, (id) => calledModel(run, id))
      : new Execution(`${run.instanceId}.${model.id}`, null, null, model)
    this.root.variables = { ...variables }
    run.sequence = saved?.sequence ?? 0
  }

  /** Delivers what woke the instance and moves tokens until every one of them waits. @throws StepError */
  async step(delivery: Delivery, isNew: boolean) {
    if (isNew && delivery.kind === 'start') start(this.run, this.root, delivery.elementId)
    else if (isNew) throw this.run.error('NOT_WAITING', 'The instance has not started')
    else deliver(this.run, this.root, delivery)
    await this.moveTokens()
    if (!this.root.ended) this.rest()
  }

  save(): SavedTokens {
    return saveTokens(this.root, this.run.sequence)
  }

  waits(): Wait[] {
    return this.root.ended ? [] : waitsOf(this.root)
  }

  private async moveTokens() {
    do {
      for (let move = this.run.nextMove(); move; move = this.run.nextMove()) {
        const { node, scope, flowId } = move
        const behaviour = behaviourOf(this.run, node)
        if (flowId !== null && behaviour.admit && !behaviour.admit(this.run, node, scope, flowId)) continue
        const execution = scope.loop ? nextInstance(this.run, scope, node) : begin(this.run, node, scope)
        await behaviour.enter(this.run, execution)
      }
    } while (releaseInclusiveJoins(this.run, this.root))
  }

  private rest() {
    let isWaiting = false
    for (const execution of eachExecution(this.root)) {
      for (const subscription of execution.subscriptions) {
        isWaiting = true
        if (subscription.kind === 'timer') refreshTimer(this.run, execution, subscription)
      }
    }
    if (!isWaiting) throw this.deadlock()
  }

  private deadlock() {
    const stuck = [...eachExecution(this.root)].flatMap((execution) => [...execution.joins.keys()])
    const message =
      stuck.length > 0 ? `"${stuck.join('", "')}" waits for tokens that cannot come` : 'Nothing moves and nothing is waited for'
    return this.run.error('ENGINE_FAILED', message, stuck[0] === undefined ? {} : { elementId: stuck[0] })
  }
}

function calledModel(run: Run, processId: string): ProcessModel {
  const model = run.modelOf(processId)
  if (!model) throw run.error('STATE_INVALID', `The saved state calls "${processId}", which is not there`)
  return model
}
