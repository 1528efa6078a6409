export const texts = {
  loading: 'Loading',
  unreachableTitle: 'Parley cannot be reached',
  tryAgain: 'Try again',
  notFoundTitle: 'There is nothing at this address',
  notFoundText: 'The link may be old or mistyped.',
  toInbox: 'Go to the inbox',
  skip: 'Skip to the content',
  inboxPanel: 'Inbox',
  contactPanel: 'New message from',
  closePanel: 'Close the panel',
}
