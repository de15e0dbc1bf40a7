import { Button } from '@mantine/core'
import { useDialog } from '../actions/dialogs.js'
import { storedKey } from '../api/key.js'
import { useLink } from '../live/use-live.js'
import { EmptyState } from './empty-state.js'
import { Failure } from './failure.js'
import { PageTitle } from './page-title.js'

/** Nothing is shown without a key that Berth takes. */
export function Locked() {
  const open = useDialog()
  const { error } = useLink()
  return (
    <>
      <PageTitle title="A key is needed" />
      {storedKey() !== null && error !== null && <Failure error={error} />}
      <EmptyState
        title="This Berth shows its state to those with a key"
        text="It is the value of API_KEY, or another key made for you. It stays in this browser."
      >
        <Button mt="sm" onClick={({ currentTarget }) => open({ kind: 'key' }, currentTarget)}>
          Enter a key
        </Button>
      </EmptyState>
    </>
  )
}
