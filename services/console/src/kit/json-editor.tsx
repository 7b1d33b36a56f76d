/**
 * A field for JSON: marked by colours, checked while one types, completed by a schema. The editor's
 * code is loaded when the first one is shown; where it cannot be had, a plain field stands in.
 */
import { Skeleton, Text, Textarea } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { JsonSchemas } from './editor/json-schema.ts'

export interface JsonEditorProps {
  /** What the field is for, for who cannot see it. */
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  /** What Ctrl-Enter does. */
  readonly onSubmit?: () => void
  /** What may be written: names and values are offered by it. */
  readonly schemas?: JsonSchemas
  /** Rows that it is high at least. Default 6. */
  readonly rows?: number
  /** Many values, one a line. */
  readonly lines?: boolean
  /** To be read alone. */
  readonly readOnly?: boolean
  /** What is wrong with the text, below it. */
  readonly error?: string | undefined
}

const Editor = lazy(() =>
  import('./editor/code-editor.tsx').then(
    ({ CodeEditor }) => ({ default: CodeEditor }),
    () => ({ default: PlainField }),
  ),
)

export function JsonEditor(props: JsonEditorProps) {
  return (
    <>
      <Suspense fallback={<Skeleton h={20 * (props.rows ?? 6) + 18} aria-busy />}>
        <Editor {...props} />
      </Suspense>
      {props.error !== undefined && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4} role="status">
          {props.error}
        </Text>
      )}
    </>
  )
}

function PlainField({ label, value, onChange, rows = 6, readOnly = false }: JsonEditorProps) {
  return (
    <Textarea
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      rows={rows}
      readOnly={readOnly}
      ff="monospace"
      spellCheck={false}
    />
  )
}
