/** Parameters that a strategy begins with here: valid ones over fields that the collection has. */
import type { FieldStats } from '@vectron/client'

/** undefined: the strategy needs none, or none can be guessed. */
export function starterParameters(
  strategy: string,
  fields: readonly FieldStats[],
): object | undefined {
  const texts = [...new Set(fields.filter(isText).map(({ field }) => field))].slice(0, 3)
  switch (strategy) {
    case 'rules':
      return { rules: [{ kind: 'termMatch', fields: texts, boost: 0.5 }] }
    case 'mmr':
      return { lambda: 0.7 }
    case 'fusion':
      return { method: 'ranks', rankings: [{ by: 'score' }, { by: 'words', fields: texts }] }
    case 'http':
    case 'onnx':
      return { fields: texts }
    default:
      return undefined
  }
}

function isText({ type }: FieldStats): boolean {
  return type === 'keyword' || type === 'stored'
}
