export { Hub, type RelayTopics } from './hub.ts'
export { realtimeRoutes } from './realtime.routes.ts'
export { TypingIndicators } from './typing.ts'
