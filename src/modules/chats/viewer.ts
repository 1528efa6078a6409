/** Whoever asks; the HTTP layer authenticated them. */
export interface Viewer {
  id: string
  name: string
  role: 'agent' | 'supervisor' | 'admin'
  queueIds: readonly string[]
}
