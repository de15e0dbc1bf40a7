import { Checkbox, NativeSelect, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type ReactNode, useState } from 'react'
import { ApiError } from '../api/client.js'
import type { Lease } from '../api/contracts.js'
import { designate, elect, rotate } from '../api/requests.js'
import { useEngines, useLease } from '../live/use-live.js'
import { Notice } from '../parts/notice.js'
import { count, cutting } from '../text/amount.js'
import { engineName } from '../text/engine-name.js'
import { AskForm } from './ask-form.js'
import { StoppedStreams, useStopping } from './engine-forms.js'
import { told } from './told.js'
import { useChange } from './use-change.js'

const REASON = 'asked for in the panel'

export function ElectForm({ named, close }: { named: string | null; close: () => void }) {
  const lease = useLease()
  const engines = useEngines() ?? []
  const [candidate, setCandidate] = useState(named)
  const holder = lease?.holder?.engine_id ?? null
  const others = engines.filter(({ engine_id, phase }) => engine_id !== holder && phase === 'running')
  return (
    <HandOverForm
      act="Elect"
      involved={[holder, candidate]}
      cuts
      asked={(terms) => ({ candidate, ...terms })}
      ask={(terms) => elect(candidate, terms)}
      close={close}
    >
      <Text size="sm">
        {lease?.holder === null || lease === undefined
          ? 'An engine takes the port.'
          : `Port ${lease.holder.port} goes from engine ${engineName(lease.holder.engine_id)} to ${candidate === null ? 'the one that the election chooses' : `engine ${engineName(candidate)}`}. Both containers are made anew, and nobody holds the port for about 2 s.`}
      </Text>
      <NativeSelect
        label="Who takes it"
        value={candidate ?? ''}
        onChange={({ currentTarget }) => setCandidate(currentTarget.value || null)}
        data={[
          { value: '', label: 'The election chooses: healthy ones that play nothing first' },
          ...others.map(({ engine_id, streams, health_status }) => ({
            value: engine_id,
            label: `${engineName(engine_id)}: ${health_status}, ${streams.length === 0 ? 'free' : count(streams.length, 'stream')}`,
          })),
        ]}
      />
    </HandOverForm>
  )
}

export function DesignateForm({ engineId, close }: { engineId: string; close: () => void }) {
  const lease = useLease()
  const holder = lease?.holder ?? null
  const holds = holder?.engine_id === engineId
  return (
    <HandOverForm
      act={holds ? 'Keep forwarded' : 'Make forwarded'}
      involved={holds ? [] : [holder?.engine_id ?? null, engineId]}
      cuts={!holds}
      asked={(terms) => ({ engineId, ...terms })}
      ask={(terms) => designate(engineId, terms)}
      close={close}
    >
      <Text size="sm">
        {holds
          ? `It holds port ${holder.port} now and keeps it.`
          : holder === null
            ? 'It takes the port as soon as there is one.'
            : `Port ${holder.port} goes from engine ${engineName(holder.engine_id)} to this one. Both containers are made anew, and nobody holds the port for about 2 s.`}{' '}
        It comes first in every election from now on, until nobody is named any more.
      </Text>
    </HandOverForm>
  )
}

export function UndesignateForm({ close }: { close: () => void }) {
  const lease = useLease()
  return (
    <HandOverForm
      act="Name nobody"
      involved={[]}
      cuts={false}
      asked={(terms) => terms}
      ask={(terms) => designate(null, terms)}
      close={close}
    >
      <Text size="sm">
        {lease?.preferred ? `Engine ${engineName(lease.preferred)} is no longer preferred in elections.` : 'Nobody is named now.'} Nothing
        is handed over: who holds the port keeps it.
      </Text>
    </HandOverForm>
  )
}

export function RotateForm({ close }: { close: () => void }) {
  const lease = useLease()
  const holder = lease?.holder ?? null
  return (
    <HandOverForm
      act="Rotate"
      involved={[holder?.engine_id ?? null]}
      cuts={false}
      mayCut
      asked={(terms) => terms}
      ask={(terms) => rotate(terms)}
      close={close}
    >
      <Text size="sm">
        {holder === null
          ? 'Nobody holds the port now.'
          : `Port ${holder.port} goes from engine ${engineName(holder.engine_id)} to another one as soon as the holder plays nothing. No stream is cut.`}
      </Text>
    </HandOverForm>
  )
}

interface Terms {
  epoch: number
  reason: string
  force: boolean
}

interface Props {
  act: string
  /** Engines whose containers are made anew. */
  involved: (string | null)[]
  /** It happens at once: streams on these engines stop, and that is to be agreed to. */
  cuts: boolean
  /** It waits for streams, unless it is told not to. */
  mayCut?: boolean
  asked: (terms: Terms) => unknown
  ask: (terms: Terms & { idempotencyKey: string }) => Promise<Lease>
  close: () => void
  children: ReactNode
}

/** Asked for at the epoch that was shown: when the port was handed over meanwhile nothing happens, and one looks again. */
function HandOverForm({ act, involved, cuts, mayCut = false, asked, ask, close, children }: Props) {
  const lease = useLease()
  const [epoch, setEpoch] = useState(lease?.epoch ?? 0)
  const [reason, setReason] = useState('')
  const [force, setForce] = useState(false)
  const [refused, setRefused] = useState(false)
  const stopping = useStopping(involved.filter((id) => id !== null))
  const terms = { epoch, reason: reason.trim() || REASON, force }
  const change = useChange(
    asked(terms),
    (key) =>
      ask({ ...terms, ...key }).catch((thrown: unknown) => {
        if (thrown instanceof ApiError && thrown.status === 409) setRefused(true)
        throw thrown
      }),
    () => {
      close()
      notifications.show({
        title: act,
        message: told('was taken. The new holder shows up here as soon as it has the port.', 'lease'),
        color: 'teal',
      })
    },
  )
  const moved = lease !== undefined && lease.epoch !== epoch
  const needsForce = cuts && (stopping.length > 0 || refused)
  return (
    <AskForm act={act} danger={force} ready={!moved && (!needsForce || force)} change={change} close={close}>
      {children}
      {cuts && <StoppedStreams engines={involved.filter((id) => id !== null)} />}
      {moved && (
        <Notice kind="warn" title={`The port was handed over meanwhile: the lease is at epoch ${lease.epoch}`}>
          <Checkbox
            mt={6}
            checked={false}
            label="I have looked at what is shown now"
            onChange={() => {
              setEpoch(lease.epoch)
              change.reset()
            }}
          />
        </Notice>
      )}
      {(needsForce || (mayCut && stopping.length > 0)) && (
        <Checkbox
          checked={force}
          onChange={({ currentTarget }) => setForce(currentTarget.checked)}
          label={
            mayCut
              ? `Do not wait: cut ${count(stopping.length, 'stream')}`
              : stopping.length === 0
                ? 'Cut streams that play'
                : cutting(stopping.length)
          }
        />
      )}
      <TextInput
        label="Reason"
        description="Shown in the history"
        placeholder={REASON}
        maxLength={200}
        value={reason}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
      />
    </AskForm>
  )
}
