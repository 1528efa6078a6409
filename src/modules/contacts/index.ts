export { contactTasks } from './contacts.tasks.ts'
export { linkContact } from './link-contact.ts'
