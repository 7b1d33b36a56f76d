/** How each answer came about: stages over time, what each shard planned, all of it as text. */
import type { ShardPlan } from '@vectron/client'
import { CodeBlock } from '../../kit/code-block.tsx'
import { type Column, DataTable } from '../../kit/data-table.tsx'
import { formatCount, formatMicros } from '../../kit/format.ts'
import { StageWaterfall } from '../../kit/stage-waterfall.tsx'
import classes from './explain-panel.module.css'
import { type Way, Ways } from './ways.tsx'

export function ExplainPanel({ ways }: { readonly ways: readonly Way[] }) {
  return (
    <Ways ways={ways}>
      {({ result }) =>
        result !== undefined && (
          <div className={classes['explain']}>
            {result.explanation !== undefined && (
              <StageWaterfall stages={result.explanation.stages} tookUs={result.tookUs} />
            )}
            {result.plans.length > 0 && (
              <DataTable
                label="Plans of the shards"
                columns={PLAN_COLUMNS}
                rows={result.plans}
                keyOf={({ shardId }) => String(shardId)}
              />
            )}
            {result.explanation !== undefined && (
              <CodeBlock label="the plan" code={result.explanation.text} />
            )}
          </div>
        )
      }
    </Ways>
  )
}

/** Expected and counted, where they can be compared. */
function beside(estimated: number | undefined, actual: number | undefined): string {
  if (actual === undefined) return '–'
  if (estimated === undefined) return formatCount(actual)
  return `${formatCount(actual)} of ${formatCount(estimated)}`
}

const PLAN_COLUMNS: readonly Column<ShardPlan>[] = [
  { accessorKey: 'shardId', header: 'Shard' },
  {
    accessorKey: 'strategy',
    header: 'Strategy',
    cell: ({ row: { original } }) => original.strategy.replaceAll('_', ' '),
  },
  {
    id: 'matches',
    header: 'Matches, of expected',
    meta: { align: 'right' },
    accessorFn: ({ matches }) => matches ?? 0,
    cell: ({ row: { original } }) => beside(original.matchesEstimated, original.matches),
  },
  {
    id: 'distances',
    header: 'Distances, of expected',
    meta: { align: 'right' },
    accessorFn: ({ distancesComputed }) => distancesComputed,
    cell: ({ row: { original } }) =>
      beside(original.distancesEstimated, original.distancesComputed),
  },
  {
    accessorKey: 'rescored',
    header: 'Rescored',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatCount(original.rescored),
  },
  {
    accessorKey: 'tookUs',
    header: 'In the engine',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => formatMicros(original.tookUs),
  },
  { accessorKey: 'reason', header: 'Why' },
]
