export { ActionRunService } from './action-runs.service.ts'
export { ProcessInputs } from './process-inputs.ts'
export { type QuickActionRouteDeps, quickActionRoutes } from './quick-actions.routes.ts'
export { QuickActionService } from './quick-actions.service.ts'
