/**
 * @module
 * The API key, kept in this browser and sent in a header only.
 */

const NAME = 'berth-api-key'
const listeners = new Set<() => void>()

/** `null` when none was entered, or the browser keeps nothing. */
export function storedKey(): string | null {
  try {
    return localStorage.getItem(NAME)
  } catch {
    return null
  }
}

/** `null` forgets it. */
export function storeKey(key: string | null): void {
  if (key === null) localStorage.removeItem(NAME)
  else localStorage.setItem(NAME, key)
  for (const listener of listeners) listener()
}

/** Tells of each change, in this tab and in others. Answers how to stop. */
export function onKeyChange(listener: () => void): () => void {
  const fromElsewhere = (event: StorageEvent): void => {
    if (event.key === NAME) listener()
  }
  listeners.add(listener)
  addEventListener('storage', fromElsewhere)
  return () => {
    listeners.delete(listener)
    removeEventListener('storage', fromElsewhere)
  }
}
