/**
 * What went wrong, for people: what happened, what to do, the request's id for who reads the logs,
 * and a way to try again.
 */
import { Alert, Anchor, Button, Code, Group, List, Text } from '@mantine/core'
import { VectronApiError } from '@vectron/client'
import TriangleAlert from 'lucide-react/icons/triangle-alert'
import { CopyButton } from './copy-button.tsx'

export interface ErrorStateProps {
  readonly error: unknown
  readonly onRetry?: (() => void) | undefined
}

export function ErrorState({ error, onRetry }: ErrorStateProps) {
  const facts = error instanceof VectronApiError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  return (
    <Alert
      color="red"
      variant="light"
      icon={<TriangleAlert size={18} />}
      title={TITLES[facts?.reason ?? ''] ?? 'That did not work'}
      role="alert"
    >
      <Text component="div">{message}</Text>
      {facts !== undefined && facts.fieldViolations.length > 0 && (
        <List size="sm" mt="xs">
          {facts.fieldViolations.map(({ field, description }) => (
            <List.Item key={field + description}>
              <Code>{field}</Code> {description}
            </List.Item>
          ))}
        </List>
      )}
      {facts?.action !== undefined && <Text mt="xs">{facts.action}</Text>}
      <Group mt="sm" gap="sm">
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {facts !== undefined && <ErrorFacts facts={facts} />}
      </Group>
    </Alert>
  )
}

function ErrorFacts({ facts }: { readonly facts: VectronApiError }) {
  const isOfServer = facts.status !== undefined
  return (
    <Group gap={6}>
      {isOfServer ? (
        <Anchor size="xs" href={`/errors/${facts.reason}`} target="_blank" rel="noreferrer">
          {facts.reason}
        </Anchor>
      ) : (
        <Text size="xs">{facts.reason}</Text>
      )}
      {facts.requestId !== undefined && (
        <>
          <Text size="xs" className="quiet">
            request {facts.requestId.slice(0, 8)}
          </Text>
          <CopyButton text={facts.requestId} label="Copy the request id" />
        </>
      )}
    </Group>
  )
}

/** By reason, where words of the console's own help. */
const TITLES: Readonly<Record<string, string>> = {
  UNREACHABLE: 'The gateway does not answer',
  TIMED_OUT: 'No answer in time',
  FORBIDDEN: 'This is not for you',
  WRONG_KEY: 'Sign in again',
  SESSION_ENDED: 'Your session has ended',
  COLLECTION_NOT_FOUND: 'There is no such collection',
  RATE_LIMITED: 'Too many requests just now',
  OVERLOADED: 'Vectron is busy',
  UNAVAILABLE: 'A part of the cluster does not answer',
}
