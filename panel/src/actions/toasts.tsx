import '@mantine/notifications/styles.css'
import { Notifications } from '@mantine/notifications'

/** What was taken, and how it ended. Loaded with the first dialog: nothing is told before. */
export default function Toasts() {
  return <Notifications position="bottom-right" autoClose={6000} limit={4} />
}
