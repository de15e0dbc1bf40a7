import { Code, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { AnchorLink } from './anchor-link.js'

/** The pages about problems: paragraphs, numbered lists and code blocks. The first line, a heading, is the page's title already. */
export function Prose({ markdown }: { markdown: string }) {
  const blocks = markdown
    .trim()
    .split(/\n{2,}/)
    .slice(1)
  return (
    <Stack gap="sm" maw={760}>
      {blocks.map((block) => (
        <Block key={block} text={block} />
      ))}
    </Stack>
  )
}

function Block({ text }: { text: string }) {
  if (text.startsWith('```'))
    return (
      <Code block tabIndex={0}>
        {text.replace(/^```\w*\n|\n```$/g, '')}
      </Code>
    )
  const lines = text.split('\n')
  const marker = /^(\d+\.|-) /
  if (lines.every((line) => marker.test(line)))
    return (
      <List type={text.startsWith('-') ? 'unordered' : 'ordered'} size="sm" spacing={4}>
        {lines.map((line) => (
          <List.Item key={line}>{inline(line.replace(marker, ''))}</List.Item>
        ))}
      </List>
    )
  return <Text size="sm">{inline(lines.join(' '))}</Text>
}

/** Bold, emphasis, code and links. A link leads to another page about a problem; one that leads elsewhere in the documentation is text. */
function inline(text: string): ReactNode[] {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/)
  return parts.map((part, index) => {
    const key = `${index} ${part}`
    if (part.startsWith('`')) return <Code key={key}>{part.slice(1, -1)}</Code>
    if (part.startsWith('**')) return <strong key={key}>{inline(part.slice(2, -2))}</strong>
    if (part.startsWith('*')) return <em key={key}>{part.slice(1, -1)}</em>
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part)
    if (link === null) return part
    const code = /^([a-z-]+)\.md$/.exec(link[2] ?? '')?.[1]
    if (code === undefined) return inline(link[1] ?? '')
    return (
      <AnchorLink key={key} to="/problems/$code" params={{ code }} inherit underline="always">
        {link[1]}
      </AnchorLink>
    )
  })
}
