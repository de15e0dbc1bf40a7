/**
 * @module
 * One change that a dialog asks for.
 */
import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { newIdempotencyKey } from '../api/idempotency-key.js'

/**
 * Asks for a change. Asking again for the very same, after an answer got lost, has one effect; asking for something else in the same dialog
 * is another change.
 */
export function useChange<Answer>(
  what: unknown,
  ask: (key: { idempotencyKey: string }) => Promise<Answer>,
  done: (answer: Answer) => void,
) {
  const asked = useRef({ what: '', idempotencyKey: '' })
  return useMutation({
    mutationFn: () => {
      const described = JSON.stringify(what)
      if (asked.current.what !== described) asked.current = { what: described, idempotencyKey: newIdempotencyKey() }
      return ask({ idempotencyKey: asked.current.idempotencyKey })
    },
    onSuccess: done,
    retry: false,
  })
}
