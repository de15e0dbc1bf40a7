/**
 * @module
 * What a request carries from one handler to the next.
 */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Role } from '../contracts/session.js'

export type AppEnv = {
  /** Empty where no server is in between, as in tests. */
  Bindings: Partial<HttpBindings>
  Variables: { requestId?: string; gate?: Gate; caller?: Caller }
}
export type AppContext = Context<AppEnv>

export interface Caller {
  role: Role
  /** For the log and for limits: the key's name, never the key. */
  name: string
}

/** What stands before every route. */
export interface Gate {
  keyRequired: boolean
  readKeyRequired: boolean
  /**
   * Who asks, `null` without a key.
   *
   * 1. Where no key is configured everybody is an admin.
   * 2. How long a comparison takes depends neither on the key that was sent nor on the one that fits.
   * 3. One right key of two that were sent is enough; of two right ones the one that may do more counts.
   * 4. Throws `forbidden` for a wrong key, and `rate-limited`, without comparing, for any key of an address that has sent too many wrong ones.
   */
  callerOf(c: AppContext): Promise<Caller | null>
  /** Throws unless whoever asks may do what takes `role`. What a viewer may do, everybody may while reads are open. */
  admit(c: AppContext, role: Role): Promise<void>
}
