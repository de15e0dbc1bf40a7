/**
 * @module
 * What can be asked for in a dialog.
 */
export type Dialog =
  | { kind: 'key' }
  | { kind: 'provision' }
  | { kind: 'scale' }
  | { kind: 'elect'; candidate: string | null }
  | { kind: 'rotate' }
  | { kind: 'designate'; engineId: string }
  | { kind: 'undesignate' }
  | { kind: 'end-stream'; streamId: string }
  | { kind: 'restart' | 'drain' | 'remove'; engineId: string }
