/**
 * The presets of a collection for reranking: pure changes of its entry in the catalog. That a
 * preset makes sense was checked by who sends it.
 */

import { create } from '@bufbuild/protobuf'
import { assertDefined, didYouMean, type ErrorReason, LIMITS } from '@vectron/base'
import { type placement, vectron } from '@vectron/contracts'

export type PresetChange =
  | {
      readonly kind: 'changed'
      /** In the order of names. */
      readonly presets: vectron.RerankPreset[]
      /** The last version that was given. */
      readonly version: bigint
      readonly set: vectron.RerankPreset | undefined
    }
  | { readonly kind: 'refused'; readonly reason: ErrorReason; readonly message: string }

/** Adds the preset, or puts it in the place of the one of its name, under a new version. */
export function setRerankPreset(
  entry: placement.CatalogCollection,
  wanted: vectron.RerankPreset | undefined,
  timeMs: bigint,
): PresetChange {
  const version = entry.rerankPresetsVersion + 1n
  const updateTime = new Date(Number(timeMs)).toISOString()
  const { name, strategy, parameters } = assertDefined(wanted, 'a preset to set is described')
  const fields = { name, strategy, parameters, version, updateTime }
  const set = create(vectron.RerankPresetSchema, fields)
  const others = entry.rerankPresets.filter((preset) => preset.name !== name)
  const presets = [...others, set].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (presets.length > LIMITS.rerankPresetsMax) {
    const max = LIMITS.rerankPresetsMax
    const message = `The collection has ${max} rerank presets, which is the limit.`
    return { kind: 'refused', reason: 'CONFLICT', message }
  }
  return { kind: 'changed', presets, version, set }
}

export function dropRerankPreset(entry: placement.CatalogCollection, name: string): PresetChange {
  const presets = entry.rerankPresets.filter((preset) => preset.name !== name)
  if (presets.length === entry.rerankPresets.length) {
    const names = entry.rerankPresets.map((preset) => preset.name)
    const message = `There is no rerank preset "${name}".${didYouMean(name, names)}`
    return { kind: 'refused', reason: 'RERANK_PRESET_NOT_FOUND', message }
  }
  return { kind: 'changed', presets, version: entry.rerankPresetsVersion, set: undefined }
}
