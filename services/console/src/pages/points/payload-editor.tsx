/**
 * The payload of a point, edited as JSON and saved against the version that was read.
 *
 * When somebody changed the point meanwhile, both are there: what was typed here stays, what stands
 * there is shown, and the person decides.
 */
import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { VectronApiError } from '@vectron/client'
import { useState } from 'react'
import {
  type CollectionKey,
  type PointDetail,
  pointQuery,
  useSavePayload,
} from '../../api/points.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { parseExact } from '../../kit/exact-json.ts'
import { JsonEditor } from '../../kit/json-editor.tsx'
import { useMay } from '../../session/may.ts'

export interface PayloadEditorProps {
  readonly collection: CollectionKey
  readonly point: PointDetail
  readonly onSaved: () => void
}

export function PayloadEditor({ collection, point, onSaved }: PayloadEditorProps) {
  const mayWrite = useMay()('write')
  const queries = useQueryClient()
  const save = useSavePayload(collection)
  /** What the text was made from. */
  const [base, setBase] = useState(point)
  const [text, setText] = useState(point.payloadText)
  const isEdited = text !== base.payloadText
  if (!isEdited && base !== point) {
    setBase(point)
    setText(point.payloadText)
  }
  const theirs = isEdited && point.version !== base.version ? point : undefined
  const isRefused = isMismatch(save.error)
  const send = (version: number) =>
    save.mutate(
      { id: point.id, version, payloadText: text },
      {
        onSuccess: () => {
          setBase({ ...base, payloadText: text })
          onSaved()
        },
        onError: (error) => {
          if (!isMismatch(error)) return
          queries.invalidateQueries({ queryKey: pointQuery(collection, point.id).queryKey })
        },
      },
    )
  const takeTheirs = () => {
    save.reset()
    setBase(point)
    setText(point.payloadText)
  }
  const problem = problemOf(text)
  return (
    <Stack gap="sm">
      <JsonEditor
        label="Payload"
        value={text}
        onChange={setText}
        readOnly={!mayWrite}
        error={problem}
      />
      {theirs !== undefined && (
        <Conflict theirs={theirs} onTake={takeTheirs} onOverwrite={() => send(theirs.version)} />
      )}
      {save.isError && !isRefused && <ErrorState error={save.error} />}
      {mayWrite && theirs === undefined && (
        <Group gap="xs">
          <Button
            size="xs"
            disabled={!isEdited || problem !== undefined}
            loading={save.isPending}
            onClick={() => send(base.version)}
          >
            Save payload
          </Button>
          {isEdited && (
            <Button size="xs" variant="default" onClick={() => setText(base.payloadText)}>
              Undo all
            </Button>
          )}
          {save.isSuccess && !isEdited && (
            <Text size="sm" className="quiet" role="status">
              Saved.
            </Text>
          )}
        </Group>
      )}
    </Stack>
  )
}

interface ConflictProps {
  readonly theirs: PointDetail
  readonly onTake: () => void
  readonly onOverwrite: () => void
}

function Conflict({ theirs, onTake, onOverwrite }: ConflictProps) {
  return (
    <Alert
      color="yellow"
      variant="light"
      title="Somebody changed this point meanwhile"
      role="alert"
    >
      <Text size="sm" mb="xs">
        Nothing was saved, and what you typed is still above. This is what stands there now, as
        version {theirs.version}:
      </Text>
      <CodeBlock label="the payload that stands there" code={theirs.payloadText} />
      <Group gap="xs" mt="sm">
        <Button size="xs" onClick={onOverwrite}>
          Save mine over it
        </Button>
        <Button size="xs" variant="default" onClick={onTake}>
          Drop mine, take theirs
        </Button>
      </Group>
    </Alert>
  )
}

function isMismatch(error: unknown): boolean {
  return error instanceof VectronApiError && error.reason === 'VERSION_MISMATCH'
}

function problemOf(text: string): string | undefined {
  try {
    const value = parseExact(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? undefined : 'A payload is one JSON object.'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
