import { Text } from '@mantine/core'
import classes from './pair-table.module.css'

/** Names and their values, by name. */
export function PairTable({ caption, pairs, empty }: { caption: string; pairs: Record<string, string>; empty: string }) {
  const sorted = Object.entries(pairs).sort(([a], [b]) => a.localeCompare(b))
  if (sorted.length === 0)
    return (
      <Text size="sm" c="dimmed" px={18} py={8}>
        {empty}
      </Text>
    )
  return (
    <table className={classes['pairs']}>
      <caption className="unseen">{caption}</caption>
      <tbody>
        {sorted.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
