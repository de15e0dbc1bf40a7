/**
 * @module
 * A trouble that is part of a state, not the answer to a request.
 */
import { z } from 'zod'

/** A stable code, and the cause with what is done or to be done. */
export const Trouble = z.object({ code: z.string(), detail: z.string() })
