/** One or two ways to ask, side by side; below each other where the window is narrow. */
import { Badge, Group } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { LabAnswer } from '../../api/lab.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import type { LabConfig } from './lab-config.ts'
import classes from './ways.module.css'

export interface Way {
  readonly name: string
  readonly config: LabConfig
  readonly query: UseQueryResult<LabAnswer>
}

export interface WaysProps {
  readonly ways: readonly Way[]
  /** Beside the name of the way. */
  readonly head?: (answer: LabAnswer, way: Way) => ReactNode
  readonly children: (answer: LabAnswer, way: Way) => ReactNode
}

export function Ways({ ways, head, children }: WaysProps) {
  return (
    <div className={classes['ways']} data-count={ways.length}>
      {ways.map((way) => {
        const { data, isError, error, refetch } = way.query
        return (
          <section
            key={way.name}
            className={classes['way']}
            aria-label={`Configuration ${way.name}`}
          >
            {(ways.length > 1 || head !== undefined) && (
              <Group gap="sm" mb="sm" mih={26}>
                {ways.length > 1 && <WayName name={way.name} />}
                {data !== undefined && head?.(data, way)}
              </Group>
            )}
            {isError && <ErrorState error={error} onRetry={refetch} />}
            {data === undefined && !isError && <Rows />}
            {data !== undefined && !isError && children(data, way)}
          </section>
        )
      })}
    </div>
  )
}

export function WayName({ name }: { readonly name: string }) {
  return (
    <Badge variant="outline" color="gray" radius="sm" className={classes['name'] ?? ''}>
      {name}
    </Badge>
  )
}
