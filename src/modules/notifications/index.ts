export { type NotificationFrame, notificationTasks, type PushNotification } from './notifications.tasks.ts'
