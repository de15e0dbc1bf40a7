/**
 * @module
 * How much one caller may ask for. Counted in this process: it is the only one that listens on its port.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { BerthError } from '../domain/errors.js'

export interface RateLimit {
  /** Throws `rate-limited` once `who` has used up the minute. Counts nothing. */
  check(who: string): Promise<void>
  /** Counts one. Throws `rate-limited` when it is one too many. */
  count(who: string): Promise<void>
}

const UNLIMITED: RateLimit = { check: async () => undefined, count: async () => undefined }

/** At most `limit` a minute for each caller, `null` for as many as they like. `told` begins the message: what was too much. */
export function ratePerMinute(limit: number | null, told: string): RateLimit {
  if (limit === null) return UNLIMITED
  const limiter = new RateLimiterMemory({ points: limit, duration: 60 })
  const exceeded = ({ msBeforeNext }: RateLimiterRes) => {
    const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
    return new BerthError('rate-limited', `${told}, ${limit} a minute are allowed: wait ${retryAfterSeconds} s`, { retryAfterSeconds })
  }
  return {
    async check(who) {
      const used = await limiter.get(who)
      if (used !== null && used.consumedPoints >= limit && used.msBeforeNext > 0) throw exceeded(used)
    },
    async count(who) {
      await limiter.consume(who).catch((rejected: unknown) => {
        throw rejected instanceof RateLimiterRes ? exceeded(rejected) : rejected
      })
    },
  }
}
