export { caseTasks } from './cases.tasks.ts'
