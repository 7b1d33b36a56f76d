/** This file was begun before: on from there, or from the beginning. */
import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { formatAgo, formatCount, formatPlural, formatShare } from '../../kit/format.ts'
import type { SavedImport } from './saved-imports.ts'

export interface ResumeStepProps {
  readonly saved: SavedImport
  readonly onResume: () => void
  readonly onStartOver: () => void
}

export function ResumeStep({ saved, onResume, onStartOver }: ResumeStepProps) {
  const { file, collection, place, written, failed, savedAt } = saved
  return (
    <Stack className="panel" p="lg" gap="sm" align="flex-start">
      <Title order={2}>{file.name} was begun before</Title>
      <Text>
        {formatShare(place.offset / file.size)} of it is in {collection}:{' '}
        {formatPlural(written, 'point')}; {formatPlural(failed, 'row')} failed. It stopped before
        row {formatCount(place.row)}, {formatAgo(savedAt)}.
      </Text>
      <Group gap="xs">
        <Button onClick={onResume}>Go on from row {formatCount(place.row)}</Button>
        <Button variant="default" onClick={onStartOver}>
          Start over
        </Button>
      </Group>
    </Stack>
  )
}
