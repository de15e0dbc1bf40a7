import { Button, PasswordInput, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError } from '../api/client.js'
import { storedKey, storeKey } from '../api/key.js'
import { trySession } from '../api/requests.js'
import { AskForm } from './ask-form.js'

/** A key is tried before it is kept. */
export function KeyForm({ close }: { close: () => void }) {
  const [key, setKey] = useState('')
  const change = useMutation({
    mutationFn: async () => {
      const { role } = await trySession(key.trim())
      if (role === null) throw new ApiError('Berth does not know this key', 403, null)
    },
    onSuccess: () => {
      storeKey(key.trim())
      close()
    },
    retry: false,
  })
  return (
    <AskForm act="Use this key" ready={/^[\x21-\x7e]+$/.test(key.trim())} change={change} close={close}>
      <Text size="sm">
        It is the value of <span className="mono">API_KEY</span>, or another key made for you. It is kept in this browser and sent to this
        Berth only, never as part of an address.
      </Text>
      {storedKey() !== null && (
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            storeKey(null)
            close()
          }}
        >
          Forget the key of this browser
        </Button>
      )}
      <PasswordInput
        label="Key"
        value={key}
        onChange={({ currentTarget }) => setKey(currentTarget.value)}
        autoComplete="off"
        data-autofocus
        required
        visibilityToggleButtonProps={{ 'aria-label': 'Show the key', tabIndex: 0 }}
      />
    </AskForm>
  )
}
