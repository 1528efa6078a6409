import { MediaError, ProviderCallError } from '../adapter.ts'

/** The MediaError behind a failed look-up of a file; what is no failure of the provider stays as it is. */
export function graphMediaError(error: unknown): unknown {
  if (!(error instanceof ProviderCallError)) return error
  const { failure } = error
  if (failure.retry) return new MediaError('temporary', failure.reason, { cause: error })
  return new MediaError(failure.category === 'account' ? 'unauthorized' : 'gone', failure.reason, { cause: error })
}
