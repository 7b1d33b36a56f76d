/** Code or a command to take along: scrolls by itself, has its button to copy. */
import { Box } from '@mantine/core'
import classes from './code-block.module.css'
import { CopyButton } from './copy-button.tsx'

export interface CodeBlockProps {
  readonly code: string
  /** What it is, for who cannot see it. */
  readonly label: string
}

export function CodeBlock({ code, label }: CodeBlockProps) {
  return (
    <Box className={classes['block']}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it */}
      <pre className={classes['code']} tabIndex={0}>
        {code}
      </pre>
      <span className={classes['copy']}>
        <CopyButton text={code} label={`Copy ${label}`} />
      </span>
    </Box>
  )
}
