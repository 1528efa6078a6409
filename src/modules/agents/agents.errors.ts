import { AppError, badRequest, conflict, forbidden, notFound, unauthorized } from '../../platform/errors.ts'

/** What this module refuses, by code. */
export const agentErrors = {
  notLoggedIn: () => unauthorized(),
  badToken: () => unauthorized('This API token is not known or was deleted.'),
  /** The same for an unknown email and a wrong password. */
  invalidCredentials: () => new AppError('INVALID_CREDENTIALS', 401, 'Email or password is wrong.'),
  loginDisabled: () => new AppError('AGENT_DISABLED', 403, 'This account is disabled. Ask an administrator to enable it.'),
  tooManyLogins: (waitSeconds: number) =>
    new AppError('TOO_MANY_ATTEMPTS', 429, `Too many failed logins. Try again in ${waitSeconds} s.`, {
      details: { retryAfterSeconds: waitSeconds },
    }),
  badOrigin: () => new AppError('BAD_ORIGIN', 403, 'This request comes from another site. Use Parley at its own address.'),
  roleNeeded: (role: string) => forbidden(`This needs the role ${role}.`),
  agentNotFound: () => notFound('This agent'),
  tokenNotFound: () => notFound('This API token'),
  badCursor: () =>
    badRequest('The cursor is not one of this list.', { problems: [{ path: 'cursor', message: 'is not one of this list' }] }),
  unknownQueues: (ids: string[]) =>
    badRequest(`There is no queue ${ids.join(', ')}.`, {
      problems: [{ path: 'queueIds', message: `there is no queue ${ids.join(', ')}` }],
    }),
  emailTaken: () => conflict('EMAIL_TAKEN', 'Another agent has this email address.'),
  disabledCannotBeActive: () => conflict('AGENT_DISABLED', 'This agent is disabled and cannot be active.'),
  lastAdmin: () => conflict('LAST_ADMIN', 'This is the last administrator. Give another agent the role first.'),
  hasChats: () => conflict('AGENT_HAS_CHATS', 'This agent has chats, so it cannot be deleted. Disable it instead.'),
}
