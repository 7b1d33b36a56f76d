/** Opens a file of points by its format, which its name tells. */
import { CliError } from '../exit-code.ts'
import { openFvecs } from './fvecs.ts'
import type { ImportFile } from './import-row.ts'
import { openJsonl } from './jsonl.ts'
import { openNpy } from './npy.ts'

export const IMPORT_FORMATS = ['jsonl', 'npy', 'fvecs'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

export function openImportFile(file: string, format: ImportFormat | undefined): ImportFile {
  const chosen = format ?? formatOfName(file)
  switch (chosen) {
    case 'jsonl':
      return openJsonl(file)
    case 'npy':
      return openNpy(file)
    case 'fvecs':
      return openFvecs(file)
    case undefined:
      throw new CliError(
        'usage',
        `The name of ${file} does not tell its format.`,
        `Add --format with one of ${IMPORT_FORMATS.join(', ')}.`,
      )
  }
}

function formatOfName(file: string): ImportFormat | undefined {
  if (file === '-' || file.endsWith('.ndjson')) return 'jsonl'
  return IMPORT_FORMATS.find((format) => file.endsWith(`.${format}`))
}
