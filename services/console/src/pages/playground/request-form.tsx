/** The call: which one, its parameters, its body, and the ways to send or take it along. */
import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { collectionsQuery } from '../../api/collections.ts'
import type { ApiDocument, ApiParameter } from '../../api/openapi.ts'
import { JsonEditor } from '../../kit/json-editor.tsx'
import { toCurl } from '../../kit/shell-text.ts'
import { useProject } from '../../session/project.ts'
import { Verb } from './answer-view.tsx'
import classes from './playground-page.module.css'
import type { Draft } from './playground-page.tsx'
import { firstBody, formatJson, missingParameters, pathOf } from './request.ts'

export interface RequestFormProps {
  readonly api: ApiDocument
  readonly draft: Draft
  readonly isSending: boolean
  readonly onChange: (part: Partial<Omit<Draft, 'operation'>>) => void
  readonly onChoose: (operation: string) => void
  readonly onSend: () => void
  readonly onStop: () => void
}

export function RequestForm(props: RequestFormProps) {
  const { api, draft, isSending, onChange, onChoose, onSend, onStop } = props
  const { operation, parameters, body } = draft
  const missing = missingParameters(operation, parameters)
  const path = pathOf(operation, parameters)
  const submit = () => {
    if (missing.length === 0 && !isSending) onSend()
  }
  return (
    <Stack gap="md" miw={0}>
      <Select
        label="Call"
        searchable
        allowDeselect={false}
        nothingFoundMessage="No such call"
        data={choicesOf(api)}
        value={operation.id}
        onChange={(id) => id !== null && onChoose(id)}
      />
      <div className={classes['address']}>
        <Verb verb={operation.verb} />
        <code>{path}</code>
      </div>
      {operation.description !== '' && (
        <Text size="sm" className="quiet">
          {operation.description}
        </Text>
      )}
      {operation.parameters.length > 0 && (
        <div className={classes['parameters']}>
          {operation.parameters.map((parameter) => (
            <ParameterField
              key={parameter.name}
              parameter={parameter}
              value={parameters[parameter.name] ?? ''}
              onChange={(value) =>
                onChange({ parameters: { ...parameters, [parameter.name]: value } })
              }
            />
          ))}
        </div>
      )}
      {operation.body !== undefined && (
        <JsonEditor
          label={operation.streamsIn ? 'Body: one JSON value a line' : 'Body'}
          rows={10}
          lines={operation.streamsIn}
          value={body}
          onChange={(next) => onChange({ body: next })}
          onSubmit={submit}
          schemas={{ root: operation.body, named: api.schemas }}
        />
      )}
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          {operation.body !== undefined && !operation.streamsIn && (
            <Button
              variant="default"
              size="xs"
              onClick={() => onChange({ body: formatJson(body) })}
            >
              Format
            </Button>
          )}
          {operation.body !== undefined && (
            <Button
              variant="default"
              size="xs"
              onClick={() => onChange({ body: firstBody(operation, api.schemas) })}
            >
              Example
            </Button>
          )}
          <CurlButton draft={draft} path={path} />
        </Group>
        {isSending ? (
          <Button variant="default" onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button onClick={submit} disabled={missing.length > 0}>
            {missing.length > 0 ? `Needs ${missing.join(', ')}` : 'Send'}
          </Button>
        )}
      </Group>
    </Stack>
  )
}

function choicesOf({ operations }: ApiDocument) {
  const groups = Map.groupBy(operations, ({ service }) => service)
  return [...groups].map(([group, own]) => ({
    group,
    items: own.map(({ id, summary }) => ({
      value: id,
      label: summary === '' ? id : `${id}: ${summary.toLowerCase()}`,
    })),
  }))
}

interface ParameterFieldProps {
  readonly parameter: ApiParameter
  readonly value: string
  readonly onChange: (value: string) => void
}

function ParameterField({ parameter, value, onChange }: ParameterFieldProps) {
  const { name, in: place, description } = parameter
  const projectId = useProject()?.projectId ?? ''
  const { data: collections = [] } = useQuery(collectionsQuery(projectId))
  const listId = `values-of-${name}`
  const known = name === 'collection' ? collections.map((each) => each.name) : []
  return (
    <div>
      <TextInput
        label={place === 'path' ? name : `${name} (query)`}
        title={description}
        required={place === 'path'}
        spellCheck={false}
        autoComplete="off"
        list={listId}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={listId}>
        {known.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </div>
  )
}

function CurlButton({ draft, path }: { readonly draft: Draft; readonly path: string }) {
  const { copy, copied } = useClipboard({ timeout: 1500 })
  const { operation, body } = draft
  const call = {
    verb: operation.verb,
    path,
    body: operation.body === undefined ? '' : body,
    contentType: operation.streamsIn ? 'application/x-ndjson' : 'application/json',
  }
  return (
    <Button variant="default" size="xs" onClick={() => copy(toCurl(location.origin, call))}>
      {copied ? 'Copied' : 'Copy as curl'}
    </Button>
  )
}
