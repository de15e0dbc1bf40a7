import { Button, Code } from '@mantine/core'
import { ApiError } from '../api/client.js'
import { Notice } from './notice.js'

/** What went wrong, in the words of the API, with what finds it in the log. */
export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : null
  return (
    <div role="alert">
      <Notice kind="bad" title={problem?.title ?? 'That did not work'}>
        {error.message}
        {problem?.errors?.map(({ pointer, detail }) => (
          <div key={pointer}>
            <Code>{pointer}</Code> {detail}
          </div>
        ))}
        {problem !== null && (
          <div>
            Request <Code>{problem.requestId}</Code>
          </div>
        )}
        {retry !== undefined && (
          <div>
            <Button size="xs" mt={8} variant="default" onClick={retry}>
              Try again
            </Button>
          </div>
        )}
      </Notice>
    </div>
  )
}
