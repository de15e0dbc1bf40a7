/**
 * @module
 * What was asked for here and goes on: shown on the engine, told when it is done.
 */
import { notifications } from '@mantine/notifications'
import { type QueryClient, skipToken, useQuery } from '@tanstack/react-query'
import { ApiError } from '../api/client.js'
import type { Operation } from '../api/contracts.js'
import { readOperation } from '../api/requests.js'
import { engineName } from '../text/engine-name.js'
import { told } from './told.js'

const OPERATIONS = ['operations'] as const
type Operations = Readonly<Record<string, Operation>>

const NOUN = { provision: 'Provisioning', restart: 'Restart', remove: 'Removal' } as const
const LOOK_MS = 1000
/** A drain may last as long as its streams: it is looked at less often after a while. */
const LOOK_LATER_MS = 5000
const SOON = 30

/** What goes on with an engine, by what was asked for in this tab. */
export function useOperation(engineId: string): Operation | undefined {
  return useQuery({
    queryKey: OPERATIONS,
    queryFn: skipToken,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    select: (operations: Operations) => operations[engineId],
  }).data
}

/** Looks at an operation until it is done, and says how it ended. What is lost on the way says so and is not asked for again. */
export async function followOperation(client: QueryClient, accepted: Operation): Promise<void> {
  const what = `${NOUN[accepted.kind]} of engine ${engineName(accepted.engine_id)}`
  const id = notifications.show({ title: what, message: 'was taken and goes on', loading: true, autoClose: false, withCloseButton: true })
  keep(client, accepted)
  try {
    const ended = await untilDone(client, accepted)
    const failed = ended.status === 'failed'
    notifications.update({
      id,
      title: what,
      message: told(failed ? (ended.problem?.detail ?? 'It failed.') : 'is done.', accepted.engine_id),
      color: failed ? 'red' : 'teal',
      loading: false,
      autoClose: failed ? false : 5000,
    })
  } catch (thrown) {
    const why = thrown instanceof ApiError ? thrown.message : 'its state is not known'
    notifications.update({
      id,
      title: what,
      message: told(`goes on, but ${why}.`, accepted.engine_id),
      color: 'orange',
      loading: false,
      autoClose: 8000,
    })
  } finally {
    forget(client, accepted.engine_id)
  }
}

async function untilDone(client: QueryClient, accepted: Operation): Promise<Operation> {
  let operation = accepted
  for (let looks = 0; operation.status === 'running'; looks++) {
    await new Promise((resolve) => setTimeout(resolve, looks < SOON ? LOOK_MS : LOOK_LATER_MS))
    try {
      operation = await readOperation(accepted.id)
      keep(client, operation)
    } catch (thrown) {
      const refused = thrown instanceof ApiError && thrown.status !== null && thrown.status < 500
      if (refused || !(thrown instanceof ApiError)) throw thrown
    }
  }
  return operation
}

function keep(client: QueryClient, operation: Operation): void {
  client.setQueryData<Operations>(OPERATIONS, (operations = {}) => ({ ...operations, [operation.engine_id]: operation }))
}

function forget(client: QueryClient, engineId: string): void {
  client.setQueryData<Operations>(OPERATIONS, (operations = {}) =>
    Object.fromEntries(Object.entries(operations).filter(([id]) => id !== engineId)),
  )
}
