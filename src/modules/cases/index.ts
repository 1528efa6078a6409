export { caseRoutes } from './cases.routes.ts'
export { CaseService } from './cases.service.ts'
export { caseTasks } from './cases.tasks.ts'
