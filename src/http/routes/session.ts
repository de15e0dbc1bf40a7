/**
 * @module
 * `GET /api/v1/session`.
 */
import type { Handler } from 'hono'
import type { Session } from '../../contracts/session.js'
import { VERSION } from '../../version.js'
import { type AppEnv, answer } from '../answer.js'
import type { Dependencies } from '../dependencies.js'

/** What whoever asks may do. Open, so that a panel can find out whether to ask for a key; a wrong key is refused as everywhere. */
export function showSession({ gate }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const caller = await gate.callerOf(c)
    return answer<Session>(c, 200, {
      role: caller?.role ?? null,
      key_required: gate.keyRequired,
      read_key_required: gate.readKeyRequired,
      version: VERSION,
    })
  }
}
