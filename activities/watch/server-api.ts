/**
 * @module
 * An engine's own API.
 */

/**
 * What an engine answers to `GET /server/api?api_version=3&method=…`, as it was parsed; an error has HTTP 200 too, and no `result`. Rejects when it cannot be asked,
 * answers with anything but JSON, or `signal` aborts. A redirect is not followed: it could lead anywhere.
 */
export async function askServerApi(
  { address, port }: { address: string; port: number },
  method: 'get_status' | 'get_network_connection_status',
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(`http://${address}:${port}/server/api?api_version=3&method=${method}`, { signal, redirect: 'error' })
  return response.json()
}
