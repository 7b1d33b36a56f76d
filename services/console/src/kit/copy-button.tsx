/** Copies a text; says so for a moment. */
import { ActionIcon, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import Check from 'lucide-react/icons/check'
import Copy from 'lucide-react/icons/copy'

export interface CopyButtonProps {
  readonly text: string
  /** What it does, for who cannot see it. Default "Copy". */
  readonly label?: string
}

export function CopyButton({ text, label = 'Copy' }: CopyButtonProps) {
  const { copy, copied } = useClipboard({ timeout: 1500 })
  return (
    <Tooltip label={copied ? 'Copied' : label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={copied ? 'Copied' : label}
        onClick={() => copy(text)}
      >
        {copied ? <Check size={14} /> : <Copy size={14} />}
      </ActionIcon>
    </Tooltip>
  )
}
