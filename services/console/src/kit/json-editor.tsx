/**
 * A field for JSON: marked by colours, checked while one types, completed by a schema. The editor's
 * code is loaded when the first one is shown.
 */
import { Skeleton } from '@mantine/core'
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
}

const Editor = lazy(() =>
  import('./editor/code-editor.tsx').then(({ CodeEditor }) => ({ default: CodeEditor })),
)

export function JsonEditor(props: JsonEditorProps) {
  return (
    <Suspense fallback={<Skeleton h={20 * (props.rows ?? 6) + 18} aria-busy />}>
      <Editor {...props} />
    </Suspense>
  )
}
