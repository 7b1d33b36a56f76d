/** The first rows of a file as they were read. */
import { useMemo } from 'react'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { cellText } from '../../kit/payload-path.ts'
import type { FileRecord } from './reading/record.ts'
import type { OpenedFile } from './reading/worker-messages.ts'

const SHOWN_ROWS = 8
const SHOWN_CHARACTERS = 60

export function RecordPreview({ opened }: { readonly opened: OpenedFile }) {
  const columns = useMemo(() => columnsOf(opened), [opened])
  return (
    <DataTable
      label="The first rows"
      columns={columns}
      rows={opened.sample.slice(0, SHOWN_ROWS)}
      keyOf={({ row }) => String(row)}
    />
  )
}

function columnsOf({ columns }: OpenedFile): Column<FileRecord>[] {
  return [
    { accessorKey: 'row', header: 'Row', enableSorting: false },
    ...columns.map(
      ({ column }, index): Column<FileRecord> => ({
        id: column,
        header: column,
        enableSorting: false,
        cell: ({ row: { original } }) => {
          if (original.kind === 'row') return shortText(original.cells[column])
          return index === 0 ? original.problem : ''
        },
      }),
    ),
  ]
}

function shortText(value: unknown): string {
  const plain = value instanceof Float32Array ? [...value.subarray(0, 8)] : value
  const text = cellText(plain)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
