import { Checkbox, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { EngineState } from '../api/contracts.js'
import { drain, remove, restart } from '../api/requests.js'
import { useEngine, useFleet, useStreams } from '../live/use-live.js'
import { Notice } from '../parts/notice.js'
import { count, cutting } from '../text/amount.js'
import { engineName } from '../text/engine-name.js'
import { streamName } from '../text/stream-name.js'
import { AskForm } from './ask-form.js'
import { followOperation } from './operations.js'
import { useChange } from './use-change.js'

interface Props {
  engineId: string
  close: () => void
}

export function RestartForm({ engineId, close }: Props) {
  const client = useQueryClient()
  const engine = useEngine(engineId)
  const [force, setForce] = useState(false)
  const change = useChange(
    ['restart', engineId, force],
    (key) => restart(engineId, { force, ...key }),
    (operation) => {
      close()
      void followOperation(client, operation)
    },
  )
  if (engine === undefined) return <Gone />
  const streams = engine.streams.length
  return (
    <AskForm act="Restart" danger={force} ready={streams === 0 || force} change={change} close={close}>
      <Text size="sm">Its container is removed and made anew, with the same id and address.</Text>
      <LostPort engine={engine} />
      <StoppedStreams engines={[engineId]} />
      {streams > 0 && (
        <Checkbox checked={force} onChange={({ currentTarget }) => setForce(currentTarget.checked)} label={cutting(streams)} />
      )}
    </AskForm>
  )
}

export function DrainForm({ engineId, close }: Props) {
  const client = useQueryClient()
  const engine = useEngine(engineId)
  const change = useChange(
    ['drain', engineId],
    (key) => drain(engineId, key),
    (operation) => {
      close()
      void followOperation(client, operation)
    },
  )
  if (engine === undefined) return <Gone />
  return (
    <AskForm act="Drain" change={change} close={close}>
      <Text size="sm">
        {engine.streams.length === 0
          ? 'It plays nothing, so it is removed at once.'
          : `It is removed when the last of its ${count(engine.streams.length, 'stream')} has ended. No stream is cut.`}
      </Text>
      <LostPort engine={engine} />
      <MadeAnew />
    </AskForm>
  )
}

export function RemoveForm({ engineId, close }: Props) {
  const client = useQueryClient()
  const engine = useEngine(engineId)
  const [typed, setTyped] = useState('')
  const name = engineName(engineId)
  const change = useChange(
    ['remove', engineId],
    (key) => remove(engineId, key),
    (operation) => {
      close()
      void followOperation(client, operation)
    },
  )
  if (engine === undefined) return <Gone />
  const dear = engine.forwarded || engine.streams.length > 0
  return (
    <AskForm act="Delete" danger ready={!dear || typed.trim() === name} change={change} close={close}>
      <Text size="sm">Its container is removed now, and the engine is gone for good.</Text>
      <LostPort engine={engine} />
      <StoppedStreams engines={[engineId]} />
      <MadeAnew />
      {dear && (
        <TextInput
          label={`Type ${name} to confirm`}
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
      )}
    </AskForm>
  )
}

function Gone() {
  return <Notice kind="info" title="This engine is gone meanwhile" />
}

function LostPort({ engine }: { engine: EngineState }) {
  if (!engine.forwarded) return null
  return (
    <Notice kind="warn" title={`It holds forwarded port ${engine.forwarded_port ?? ''}`}>
      The port goes to another engine. Nobody holds it for about 2 s.
    </Notice>
  )
}

function MadeAnew() {
  const fleet = useFleet()
  if (fleet === undefined || fleet.wanted > fleet.min_replicas) return null
  return <Text size="sm">Another engine is made in its place, as at least {fleet.min_replicas} are kept.</Text>
}

/** Names what stops, so that nobody is surprised. */
export function StoppedStreams({ engines }: { engines: string[] }) {
  const streams = useStopping(engines)
  if (streams.length === 0) return <Text size="sm">No stream stops.</Text>
  return (
    <Notice kind="bad" title={`${count(streams.length, 'stream')} ${streams.length === 1 ? 'stops' : 'stop'}`}>
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        {streams.slice(0, 6).map(({ id, name, engineId }) => (
          <li key={id}>
            <span className="mono">{name}</span> on {engineName(engineId)}
          </li>
        ))}
        {streams.length > 6 && <li>and {streams.length - 6} more</li>}
      </ul>
    </Notice>
  )
}

/** What plays on these engines now. */
export function useStopping(engineIds: string[]): { id: string; name: string; engineId: string }[] {
  const streams = useStreams()
  const first = useEngine(engineIds[0] ?? null)
  const second = useEngine(engineIds[1] ?? null)
  return [first, second].flatMap((engine) =>
    engine === undefined
      ? []
      : engine.streams.map((id) => {
          const stream = streams?.find((each) => each.id === id)
          return { id, name: stream === undefined ? id : streamName(stream), engineId: engine.engine_id }
        }),
  )
}
