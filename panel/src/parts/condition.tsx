import { Code } from '@mantine/core'
import { AnchorLink } from './anchor-link.js'
import { Notice } from './notice.js'

/** A trouble with its cause, and the way to the page that says what to do. */
export function Condition({
  title,
  trouble,
  kind = 'warn',
}: {
  title: string
  trouble: { code: string; detail: string }
  kind?: 'warn' | 'bad'
}) {
  return (
    <Notice
      kind={kind}
      title={
        <>
          {title} <Code>{trouble.code}</Code>
        </>
      }
    >
      {trouble.detail}{' '}
      <AnchorLink to="/problems/$code" params={{ code: trouble.code }} underline="always" inherit>
        What it means and what to do
      </AnchorLink>
    </Notice>
  )
}
