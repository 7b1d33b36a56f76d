/** A part of a page under a heading of its own. */
import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

export interface PageSectionProps {
  readonly title: string
  /** One sentence below the heading. */
  readonly about?: ReactNode
  /** Beside the heading. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function PageSection({ title, about, actions, children }: PageSectionProps) {
  return (
    <div>
      <Group justify="space-between" mb="sm" mih={28}>
        <div>
          <Title order={2}>{title}</Title>
          {about !== undefined && (
            <Text className="quiet" size="sm" component="div">
              {about}
            </Text>
          )}
        </div>
        {actions}
      </Group>
      {children}
    </div>
  )
}
