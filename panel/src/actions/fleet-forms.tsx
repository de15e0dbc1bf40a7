import { NumberInput, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { provision, scale } from '../api/requests.js'
import { useFleet } from '../live/use-live.js'
import { count } from '../text/amount.js'
import { AskForm } from './ask-form.js'
import { followOperation } from './operations.js'
import { told } from './told.js'
import { useChange } from './use-change.js'

export function ScaleForm({ close }: { close: () => void }) {
  const fleet = useFleet()
  const [wanted, setWanted] = useState<number | string>(fleet?.wanted ?? 0)
  const change = useChange(
    ['scale', wanted],
    (key) => scale(Number(wanted), key),
    ({ wanted: held }) => {
      close()
      notifications.show({ title: 'Scale', message: told(`${count(held, 'engine')} wanted.`, 'fleet'), color: 'teal' })
    },
  )
  if (fleet === undefined) return null
  const difference = Number(wanted) - fleet.wanted
  return (
    <AskForm act="Scale" ready={wanted !== '' && difference !== 0} change={change} close={close}>
      <NumberInput
        label="Engines wanted"
        description={`From ${fleet.min_replicas} to ${fleet.max_replicas}; now ${fleet.wanted}`}
        value={wanted}
        onChange={setWanted}
        min={fleet.min_replicas}
        max={fleet.max_replicas}
        allowDecimal={false}
        clampBehavior="strict"
        data-autofocus
      />
      <Text size="sm">{consequence(difference)}</Text>
    </AskForm>
  )
}

function consequence(difference: number): string {
  if (difference === 0) return 'Nothing changes.'
  if (difference > 0) return `${count(difference, 'engine is', 'engines are')} made.`
  return `${count(-difference, 'engine goes', 'engines go')}, those that play nothing first.`
}

export function ProvisionForm({ close }: { close: () => void }) {
  const client = useQueryClient()
  const [labels, setLabels] = useState('')
  const [env, setEnv] = useState('')
  const [port, setPort] = useState<number | string>('')
  const body = { labels: readPairs(labels), env: readPairs(env), host_port: port === '' ? null : Number(port) }
  const { labels: labelPairs, env: envPairs } = body
  const change = useChange(
    body,
    (key) => provision({ labels: labelPairs ?? {}, env: envPairs ?? {}, host_port: body.host_port }, key),
    (operation) => {
      close()
      void followOperation(client, operation)
    },
  )
  return (
    <AskForm act="Provision" ready={labelPairs !== null && envPairs !== null} change={change} close={close}>
      <Text size="sm">One engine more. All of this may be left empty.</Text>
      <NumberInput
        label="HTTP port"
        placeholder="A free one"
        value={port}
        onChange={setPort}
        min={1}
        max={65_535}
        allowDecimal={false}
        hideControls
      />
      <Pairs label="Labels" placeholder="tv=living-room" value={labels} set={setLabels} wrong={labelPairs === null} />
      <Pairs label="Environment" placeholder="CONF=--log-debug 1" value={env} set={setEnv} wrong={envPairs === null} />
    </AskForm>
  )
}

interface PairsProps {
  label: string
  placeholder: string
  value: string
  set: (value: string) => void
  wrong: boolean
}

function Pairs({ label, placeholder, value, set, wrong }: PairsProps) {
  return (
    <Textarea
      label={label}
      description="One a line, as name=value"
      placeholder={placeholder}
      value={value}
      onChange={({ currentTarget }) => set(currentTarget.value)}
      error={wrong && 'Each line has a name, =, and a value'}
      autosize
      minRows={2}
      maxRows={8}
      spellCheck={false}
      classNames={{ input: 'mono' }}
    />
  )
}

/** `null` when a line is no pair. */
function readPairs(text: string): Record<string, string> | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const pairs = lines.map((line) => /^\s*([^=\s][^=]*?)\s*=(.*)$/.exec(line))
  if (pairs.some((pair) => pair === null)) return null
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', (pair?.[2] ?? '').trim()]))
}
