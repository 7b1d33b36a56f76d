/**
 * All shards at a glance: a tile for each, in the colour of its state, in the order of the map.
 * For eyes and pointers; the map below says the same in words.
 */
import type { ShardInfo } from '@vectron/client'
import { type MouseEvent, memo } from 'react'
import { isTroubled } from './shard-rows.ts'
import classes from './shard-tiles.module.css'

export interface ShardTilesProps {
  readonly shards: readonly ShardInfo[]
  readonly onOpen: (shard: ShardInfo) => void
}

export function ShardTiles({ shards, onOpen }: ShardTilesProps) {
  const open = ({ target }: MouseEvent) => {
    const index = (target as HTMLElement).dataset['tile']
    const shard = index === undefined ? undefined : shards[Number(index)]
    if (shard !== undefined) onOpen(shard)
  }
  return (
    <div className={classes['tiles']} aria-hidden onClick={open}>
      {shards.map((shard, index) => (
        <Tile
          key={shard.shardId}
          index={index}
          name={`${shard.collection} / ${shard.shardId}`}
          tone={tileTone(shard)}
        />
      ))}
    </div>
  )
}

type TileTone = 'good' | 'warn' | 'bad'

function tileTone(shard: ShardInfo): TileTone {
  if (Number(shard.leaderWorkerId) === 0) return 'bad'
  return isTroubled(shard) ? 'warn' : 'good'
}

interface TileProps {
  readonly index: number
  readonly name: string
  readonly tone: TileTone
}

const Tile = memo(function Tile({ index, name, tone }: TileProps) {
  return <span data-tile={index} data-tone={tone} title={name} />
})
