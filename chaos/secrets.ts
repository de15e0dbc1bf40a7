/**
 * @module
 * Whether a secret stands anywhere in what Berth wrote, answered or kept. Pure.
 */

/** Names of the secrets, by what they are for, that `text` holds. Base64 of a secret counts. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name)
}

/** Everything of a protocol message that is text: bytes are read as UTF-8. */
export function textOf(value: unknown): string {
  const parts: string[] = []
  const seen = new Set<object>()
  const collect = (part: unknown): void => {
    if (typeof part === 'string') parts.push(part)
    else if (part instanceof Uint8Array) parts.push(Buffer.from(part).toString('utf8'))
    else if (typeof part === 'object' && part !== null && !seen.has(part)) {
      seen.add(part)
      for (const [key, inner] of Object.entries(part)) {
        parts.push(key)
        collect(inner)
      }
    }
  }
  collect(value)
  return parts.join('\n')
}

function formsOf(secret: string): string[] {
  return [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]
}
