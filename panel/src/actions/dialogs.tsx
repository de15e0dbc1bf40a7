/**
 * @module
 * Which dialog is open. One at a time, loaded when the first one is.
 */
import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useMemo, useState } from 'react'
import type { Dialog } from './dialog.js'

export type OpenDialog = (dialog: Dialog, opener: HTMLElement | null) => void

const DialogContext = createContext<OpenDialog>(() => undefined)
export const useDialog = (): OpenDialog => useContext(DialogContext)

const AnyDialog = lazy(() => import('./any-dialog.js'))
const Toasts = lazy(() => import('./toasts.js'))

/** When a dialog closes the focus returns to what opened it. */
export function Dialogs({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<{ dialog: Dialog; opener: HTMLElement | null; turn: number } | null>(null)
  const [opened, setOpened] = useState(false)
  const open = useCallback<OpenDialog>((dialog, opener) => {
    setShown((before) => ({ dialog, opener, turn: (before?.turn ?? 0) + 1 }))
    setOpened(true)
  }, [])
  const close = useCallback(() => setOpened(false), [])
  const dialog = useMemo(() => {
    if (shown === null) return null
    const closed = (): void => shown.opener?.focus({ preventScroll: true })
    return (
      <Suspense>
        <AnyDialog key={shown.turn} dialog={shown.dialog} opened={opened} close={close} closed={closed} />
      </Suspense>
    )
  }, [shown, opened, close])
  return (
    <DialogContext value={open}>
      {children}
      {shown !== null && (
        <Suspense>
          <Toasts />
        </Suspense>
      )}
      {dialog}
    </DialogContext>
  )
}
