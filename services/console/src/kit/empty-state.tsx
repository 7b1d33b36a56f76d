/** Where there is nothing yet: what would be here, and how to get there. */
import { Stack, Text, Title } from '@mantine/core'
import type { ComponentType, ReactNode } from 'react'
import classes from './empty-state.module.css'

export interface EmptyStateProps {
  readonly icon?: ComponentType<{ readonly size?: number | string }>
  readonly title: string
  readonly text: ReactNode
  /** A button, or code to run. */
  readonly action?: ReactNode
}

export function EmptyState({ icon: Icon, title, text, action }: EmptyStateProps) {
  return (
    <Stack className={`panel ${classes['empty']}`} align="center" gap="sm">
      {Icon !== undefined && (
        <span className={classes['icon']} aria-hidden>
          <Icon size={22} />
        </span>
      )}
      <Title order={2}>{title}</Title>
      <Text className="quiet" maw="52ch" ta="center" component="div">
        {text}
      </Text>
      {action}
    </Stack>
  )
}
