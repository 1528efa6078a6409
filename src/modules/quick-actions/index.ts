export { ActionRunService } from './action-runs.service.ts'
export { quickActionRoutes } from './quick-actions.routes.ts'
export { QuickActionService } from './quick-actions.service.ts'
