/** The text of a key, at the one moment in which anybody has it. */
import { Alert, Button, Stack } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import Check from 'lucide-react/icons/check'
import Copy from 'lucide-react/icons/copy'
import KeyRound from 'lucide-react/icons/key-round'
import { CodeBlock } from '../../kit/code-block.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import classes from './key-shown-once.module.css'

export function KeyShownOnce({ text }: { readonly text: string }) {
  const { copy, copied } = useClipboard({ timeout: 3000 })
  return (
    <Stack gap="lg">
      <Alert
        color="jade"
        variant="light"
        icon={<KeyRound size={18} />}
        title="Copy it now: it is not shown again"
      >
        Vectron keeps only its hash. Whoever has the text may do what the key may.
        <div className={classes['key']}>
          <output className={classes['text']} aria-label="The key">
            {text}
          </output>
          <Button
            size="xs"
            leftSection={copied ? <Check size={14} /> : <Copy size={14} />}
            onClick={() => copy(text)}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
        </div>
      </Alert>
      <PageSection title="Use it" about="Where the key is in VECTRON_API_KEY.">
        <CodeBlock label="the call" code={exampleCall()} />
      </PageSection>
    </Stack>
  )
}

function exampleCall(): string {
  return [
    `curl -s ${location.origin}/v1/collections \\`,
    `  -H "authorization: Bearer $VECTRON_API_KEY"`,
  ].join('\n')
}
