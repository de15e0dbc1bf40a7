import { CloseButton, Group, Paper, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { readSettings } from '../api/requests.js'
import { EmptyState } from '../parts/empty-state.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import classes from './settings.module.css'

/** What Berth runs with, and where each value comes from. */
export function SettingsPage() {
  const { data, error, refetch } = useQuery({ queryKey: ['settings'], queryFn: readSettings, staleTime: 60_000 })
  const [words, setWords] = useState('')
  const [onlySet, setOnlySet] = useState(false)
  const sought = words.toLowerCase()
  const shown = data?.filter(
    ({ variable, value, meaning, source }) =>
      (!onlySet || source === 'environment') && `${variable} ${value ?? ''} ${meaning}`.toLowerCase().includes(sought),
  )
  return (
    <>
      <PageTitle title="Settings" about="For reading: they come from the environment and .env when Berth starts. Secrets are masked." />
      <Group mb="sm">
        <TextInput
          aria-label="Find settings"
          placeholder="Name, value, meaning…"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={words !== '' && <CloseButton size="sm" aria-label="Clear" onClick={() => setWords('')} />}
          value={words}
          onChange={({ currentTarget }) => setWords(currentTarget.value)}
          style={{ flex: '1 1 200px' }}
          maw={360}
        />
        <label className={classes['only']}>
          <input type="checkbox" checked={onlySet} onChange={({ currentTarget }) => setOnlySet(currentTarget.checked)} />
          Only what is set
        </label>
      </Group>
      {shown === undefined ? (
        error === null ? (
          <Loading lines={8} />
        ) : (
          <Failure error={error} retry={() => void refetch()} />
        )
      ) : (
        <Paper withBorder>
          {shown.length === 0 ? (
            <EmptyState title="No setting matches" text="Other words find others." />
          ) : (
            <dl className={classes['settings']}>
              {shown.map(({ variable, value, source, meaning }) => (
                <div key={variable} className={classes['setting']}>
                  <dt>
                    <span className="mono">{variable}</span>
                    <Text size="xs" c="dimmed" component="span" display="block">
                      {source === 'environment' ? 'set in the environment' : 'default'}
                    </Text>
                  </dt>
                  <dd>
                    <div className={classes['value']} data-set={source === 'environment' || undefined}>
                      {value === null ? (
                        <Text span size="sm" c="dimmed">
                          not set
                        </Text>
                      ) : (
                        <span className="mono">{value}</span>
                      )}
                    </div>
                    <Text size="sm" c="dimmed">
                      {meaning}
                    </Text>
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </Paper>
      )}
    </>
  )
}
