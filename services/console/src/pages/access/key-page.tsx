/** One API key: what it may do, whether it is used, and how it ends. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ApiKey } from '@vectron/client'
import { type ReactNode, useState } from 'react'
import { keysQuery, useFinishRotation, useRevokeKey, useRotateKey } from '../../api/access.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatAgo, formatMoment } from '../../kit/format.ts'
import { ButtonLink, TextLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useProject } from '../../session/project.ts'
import { formatScopes, KeyStateDot, keyState } from './key-facts.tsx'
import { KeyShownOnce } from './key-shown-once.tsx'
import { KeyTest } from './key-test.tsx'
import { ROLE_WORDS } from './role-select.tsx'
import { keyRoute } from './routes.ts'

export function KeyPage() {
  const { keyId } = keyRoute.useParams()
  const projectId = useProject()?.projectId ?? ''
  const keys = useQuery(keysQuery(projectId))
  const key = keys.data?.find((each) => each.keyId === keyId)
  return (
    <PageFrame
      title={key?.name || 'API key'}
      trail={
        <TextLink to="/access" size="sm">
          Access
        </TextLink>
      }
      about={key && <KeyStateDot value={key} />}
      actions={key && keyState(key).isInForce && <KeyActions value={key} />}
    >
      <QueryState query={keys} />
      {keys.data !== undefined && key === undefined && <NoSuchKey />}
      {key !== undefined && <KeyFacts value={key} />}
    </PageFrame>
  )
}

function NoSuchKey() {
  return (
    <EmptyState
      title="There is no such key"
      text="It may belong to another project: choose it in the navigation."
      action={<ButtonLink to="/access">All keys</ButtonLink>}
    />
  )
}

function KeyFacts({ value }: { readonly value: ApiKey }) {
  const { keyId, role, scopes, rowRule, secrets } = value
  return (
    <Stack gap="xl">
      <Figures>
        <Figure label="Last use" value={formatAgo(value.lastUseTime)} />
        <Figure label={value.revokeTime === '' ? 'Expires' : 'Revoked'} value={endOf(value)} />
        <Figure label="Made" value={formatAgo(value.createTime)} />
        <Figure label="Id" value={keyId} note={`${secrets} of at most 2 secrets`} />
      </Figures>
      <PageSection title="What it may do" about={`Made as ${role}, who ${ROLE_WORDS[role]}.`}>
        <Text size="sm">On {formatScopes(scopes)}.</Text>
        {rowRule !== '' && (
          <>
            <Text size="sm" mt="sm" mb="xs">
              For it there are only points that match its row rule:
            </Text>
            <CodeBlock label="the row rule" code={indent(rowRule)} />
          </>
        )}
      </PageSection>
      <KeyTest value={value} />
    </Stack>
  )
}

function endOf({ revokeTime, expireTime }: ApiKey): string {
  if (revokeTime !== '') return formatAgo(revokeTime)
  return expireTime === '' ? 'never' : formatMoment(expireTime)
}

/** As the maker wrote it, where it is no JSON after all. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

type Asking = 'revoke' | 'rotate' | 'finish'

function KeyActions({ value }: { readonly value: ApiKey }) {
  const [asking, setAsking] = useState<Asking>()
  const close = () => setAsking(undefined)
  return (
    <>
      <Button variant="default" onClick={() => setAsking(value.secrets > 1 ? 'finish' : 'rotate')}>
        {value.secrets > 1 ? 'Finish rotation' : 'Rotate'}
      </Button>
      <Button variant="default" color="red" onClick={() => setAsking('revoke')}>
        Revoke
      </Button>
      <Modal opened={asking !== undefined} onClose={close} title={TITLES[asking ?? 'revoke']}>
        {asking === 'revoke' && <Revoke value={value} onClose={close} />}
        {asking === 'rotate' && <Rotate value={value} onClose={close} />}
        {asking === 'finish' && <Finish value={value} onClose={close} />}
      </Modal>
    </>
  )
}

const TITLES: Readonly<Record<Asking, string>> = {
  revoke: 'Revoke this key?',
  rotate: 'Rotate this key?',
  finish: 'End the older secret?',
}

interface AskProps {
  readonly value: ApiKey
  readonly onClose: () => void
}

function Revoke({ value, onClose }: AskProps) {
  const revoke = useRevokeKey()
  return (
    <Question
      onClose={onClose}
      error={revoke.error}
      button={
        <Button
          color="red"
          data-autofocus
          loading={revoke.isPending}
          onClick={() => revoke.mutate(value.keyId, { onSuccess: onClose })}
        >
          Revoke key
        </Button>
      }
    >
      Programs that use <b>{value.name}</b> are refused within a second, everywhere. It cannot be
      taken back. Its last use: {formatAgo(value.lastUseTime)}.
    </Question>
  )
}

function Rotate({ value, onClose }: AskProps) {
  const rotate = useRotateKey()
  if (rotate.data !== undefined) {
    return (
      <Stack gap="md">
        <KeyShownOnce text={rotate.data.text} />
        <Text size="sm">Both secrets count now. When every program has the new one, finish.</Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    )
  }
  return (
    <Question
      onClose={onClose}
      error={rotate.error}
      button={
        <Button
          data-autofocus
          loading={rotate.isPending}
          onClick={() => rotate.mutate(value.keyId)}
        >
          Make a second secret
        </Button>
      }
    >
      <b>{value.name}</b> gets a second secret beside its first. Both count until you finish the
      rotation, so that programs change over without a gap.
    </Question>
  )
}

function Finish({ value, onClose }: AskProps) {
  const finish = useFinishRotation()
  return (
    <Question
      onClose={onClose}
      error={finish.error}
      button={
        <Button
          color="red"
          data-autofocus
          loading={finish.isPending}
          onClick={() => finish.mutate(value.keyId, { onSuccess: onClose })}
        >
          End the older secret
        </Button>
      }
    >
      Programs that still have the older secret of <b>{value.name}</b> are refused within a second.
    </Question>
  )
}

interface QuestionProps {
  readonly onClose: () => void
  readonly error: unknown
  readonly button: ReactNode
  readonly children: ReactNode
}

function Question({ onClose, error, button, children }: QuestionProps) {
  return (
    <Stack gap="md">
      <Text component="div">{children}</Text>
      {error !== null && <ErrorState error={error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        {button}
      </Group>
    </Stack>
  )
}
