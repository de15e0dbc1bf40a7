/**
 * @module
 * Bounds how many calls are under way at once.
 */

/** Runs at most `count` calls at once, the others in the order of their asking. */
export function limit(count: number): <T>(call: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (call) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** The same for each key by itself. */
export function limitEach(count: number): <T>(key: string, call: () => Promise<T>) => Promise<T> {
  const limits = new Map<string, { run: ReturnType<typeof limit>; asked: number }>()
  return async (key, call) => {
    const mine = limits.get(key) ?? { run: limit(count), asked: 0 }
    limits.set(key, mine)
    mine.asked += 1
    try {
      return await mine.run(call)
    } finally {
      mine.asked -= 1
      if (mine.asked === 0) limits.delete(key)
    }
  }
}
