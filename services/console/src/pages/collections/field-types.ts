/** The types of payload fields, for people. */
import type { FieldType } from '@vectron/client'

export const FIELD_TYPES: readonly { readonly value: FieldType; readonly label: string }[] = [
  { value: 'keyword', label: 'keyword: texts compared whole' },
  { value: 'integer', label: 'integer: 64 bits' },
  { value: 'float', label: 'float: 64 bits' },
  { value: 'bool', label: 'bool' },
  { value: 'datetime', label: 'datetime: RFC 3339' },
  { value: 'stored', label: 'stored: returned, not indexed' },
]
