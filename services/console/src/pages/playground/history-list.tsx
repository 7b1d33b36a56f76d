/** What was sent before from this browser; a click writes it again. */
import { Button, Group, Text, Title, UnstyledButton } from '@mantine/core'
import { formatAgo, formatMicros } from '../../kit/format.ts'
import type { PastRequest } from './history.ts'
import classes from './playground-page.module.css'

export interface HistoryListProps {
  readonly history: readonly PastRequest[]
  readonly onOpen: (request: PastRequest) => void
  readonly onForget: () => void
}

export function HistoryList({ history, onOpen, onForget }: HistoryListProps) {
  if (history.length === 0) return null
  return (
    <section aria-label="History">
      <Group justify="space-between" mb="xs">
        <Title order={2}>History</Title>
        <Button variant="subtle" color="gray" size="compact-xs" onClick={onForget}>
          Forget
        </Button>
      </Group>
      <ul className={`panel ${classes['history']}`}>
        {history.map((request) => (
          <li key={request.sentMs}>
            <UnstyledButton className={classes['past']} onClick={() => onOpen(request)}>
              <span>{request.operation}</span>
              <span className={classes['about']}>{Object.values(request.with).join(' ')}</span>
              <Text size="xs" className="quiet figures" component="span">
                {request.status} · {formatMicros(request.tookMs * 1000)} ·{' '}
                {formatAgo(new Date(request.sentMs).toISOString())}
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </section>
  )
}
