/**
 * @module
 * Several asynchronous iterations as one.
 */

/**
 * Yields from all sources as values come, until one of them ends or fails; then does the same.
 * The others are left as they are: end them by the signal that they were given, as `return` would wait for their next value.
 */
export async function* merge<T>(sources: AsyncGenerator<T, void>[]): AsyncGenerator<T, void> {
  const advance = (source: AsyncGenerator<T, void>) => source.next().then((result) => ({ source, result }))
  const pending = new Map(sources.map((source) => [source, advance(source)]))
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values())
      if (result.done === true) return
      pending.set(source, advance(source))
      yield result.value
    }
  } finally {
    // Nobody listens any more: an error that comes late is that of a source being ended.
    for (const promise of pending.values()) promise.catch(() => null)
  }
}
