/** What a collection is, in figures. */
import type { CollectionInfo } from '@vectron/client'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatAgo, formatCount, formatMoment, formatPlural } from '../../kit/format.ts'
import { IndexState } from './index-state.tsx'

export function CollectionFigures({ info }: { readonly info: CollectionInfo }) {
  const { pointsCount, dimension, metric, shardCount, replicationFactor, searchReplicas } = info
  return (
    <Figures>
      <Figure
        label="Points"
        value={formatCount(pointsCount)}
        note={<IndexState pointsCount={pointsCount} indexedCount={info.indexedCount} />}
      />
      <Figure label="Dimension" value={formatCount(dimension)} note={metric} />
      <Figure
        label="Shards"
        value={formatCount(shardCount)}
        note={`${formatPlural(replicationFactor, 'replica')} of each${
          searchReplicas > 0 ? ` and ${searchReplicas} for searches` : ''
        }`}
      />
      <Figure
        label="Embedder"
        value={info.embedder || 'None'}
        note={info.embedder === '' ? 'takes vectors alone' : 'takes texts, too'}
      />
      <Figure
        label="Created"
        value={formatAgo(info.createTime)}
        note={formatMoment(info.createTime)}
      />
    </Figures>
  )
}
