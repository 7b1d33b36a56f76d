/** A key for the code of the tutorial, made on request: for its collections alone, for a day. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useCreateKey } from '../../api/access.ts'
import { CodeBlock } from '../../kit/code-block.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { useMay } from '../../session/may.ts'
import { LEARN_PREFIX } from './steps.ts'

const DAY_MS = 86_400_000

export function LearnKey() {
  const mayMake = useMay()('admin')
  const create = useCreateKey()
  if (!mayMake) return null
  const make = () =>
    create.mutate({
      name: 'tutorial',
      role: 'admin',
      scopes: [{ collection: `${LEARN_PREFIX}*`, verbs: ['read', 'write', 'admin'] }],
      expireTime: new Date(Date.now() + DAY_MS).toISOString(),
    })
  if (create.data !== undefined) {
    return (
      <Stack gap={4}>
        <Text size="sm">
          For this shell, once: the key is not shown again. It ends in a day, and may do nothing
          outside of {LEARN_PREFIX}*.
        </Text>
        <CodeBlock label="the key" code={`export VECTRON_API_KEY=${create.data.text}`} />
      </Stack>
    )
  }
  return (
    <>
      <Group gap="xs">
        <Text size="sm" className="quiet">
          To run it yourself, have a key in VECTRON_API_KEY.
        </Text>
        <Button variant="default" size="compact-sm" loading={create.isPending} onClick={make}>
          Make a key for it
        </Button>
      </Group>
      {create.error !== null && <ErrorState error={create.error} />}
    </>
  )
}
