import { Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { endStream } from '../api/requests.js'
import { useStreams } from '../live/use-live.js'
import { Notice } from '../parts/notice.js'
import { engineName } from '../text/engine-name.js'
import { streamName } from '../text/stream-name.js'
import { AskForm } from './ask-form.js'
import { told } from './told.js'
import { useChange } from './use-change.js'

const REASON = 'ended in the panel'

/** For a player that went away without a word: what it played would keep its engine busy for ever. */
export function EndStreamForm({ streamId, close }: { streamId: string; close: () => void }) {
  const stream = useStreams()?.find(({ id }) => id === streamId)
  const change = useChange(
    ['end-stream', streamId],
    () => endStream(streamId, REASON),
    () => {
      close()
      notifications.show({ title: 'Stream', message: told('counts as ended.', streamId), color: 'teal' })
    },
  )
  if (stream === undefined) return <Notice kind="info" title="This stream has ended meanwhile" />
  return (
    <AskForm act="End" change={change} close={close}>
      <Text size="sm">
        <span className="mono">{streamName(stream)}</span> no longer counts as playing on engine {engineName(stream.engine_id)}: one that
        plays nothing else is free, can be drained, and can hand the port on.
      </Text>
      <Text size="sm">Its player is not stopped. It may tell of the stream again.</Text>
    </AskForm>
  )
}
