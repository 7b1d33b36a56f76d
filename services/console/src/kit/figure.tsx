/** A figure with its name: the tiles on top of pages. */
import { Box, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './figure.module.css'

export interface FigureProps {
  readonly label: string
  readonly value: ReactNode
  /** Below the value, smaller. */
  readonly note?: ReactNode
}

/** Figures side by side, in one panel. */
export function Figures({ children }: { readonly children: ReactNode }) {
  return <dl className={`panel ${classes['figures']}`}>{children}</dl>
}

export function Figure({ label, value, note }: FigureProps) {
  return (
    <Box className={classes['figure']}>
      <Text component="dt" size="xs" className="quiet">
        {label}
      </Text>
      <dd className={`figures ${classes['value']}`}>
        {value}
        {note !== undefined && (
          <Text component="span" size="xs" className={`quiet ${classes['note']}`}>
            {note}
          </Text>
        )}
      </dd>
    </Box>
  )
}
