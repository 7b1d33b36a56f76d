/** What every page stands in: its heading, its actions, its width, and the title of the window. */
import { Box, Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import classes from './page-frame.module.css'

export interface PageFrameProps {
  readonly title: string
  /** One sentence below the title. */
  readonly about?: ReactNode
  /** Above the title: where the page belongs. */
  readonly trail?: ReactNode
  /** Beside the title. */
  readonly actions?: ReactNode
  /** `full`: as wide as the window, for maps and wide tables. Default `reading`. */
  readonly width?: 'reading' | 'full'
  readonly children: ReactNode
}

export function PageFrame(props: PageFrameProps) {
  const { title, about, trail, actions, width = 'reading', children } = props
  useEffect(() => {
    document.title = `${title} · Vectron`
  }, [title])
  return (
    <Box className={classes['page']} data-width={width}>
      <Group className={classes['head']} justify="space-between" align="flex-start" gap="md">
        <Box className={classes['words']}>
          {trail}
          <Title order={1} className={classes['title']}>
            {title}
          </Title>
          {about !== undefined && (
            <Text className={`quiet ${classes['about']}`} size="md" component="div">
              {about}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  )
}
