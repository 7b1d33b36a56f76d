/** A file is dropped or picked; imports that were begun here are told of. */
import { Button, Group, Stack, Text } from '@mantine/core'
import Upload from 'lucide-react/icons/upload'
import { type DragEvent, useRef, useState } from 'react'
import { formatAgo, formatBytes, formatPlural, formatShare } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import classes from './file-chooser.module.css'
import { forgetImport, listImports, type SavedImport } from './saved-imports.ts'

export interface FileChooserProps {
  readonly projectId: string
  readonly onChoose: (file: File) => void
}

export function FileChooser({ projectId, onChoose }: FileChooserProps) {
  const [isOver, setOver] = useState(false)
  const [unfinished, setUnfinished] = useState(() => listImports(projectId))
  const input = useRef<HTMLInputElement>(null)
  const choose = (files: FileList | null) => {
    const file = files?.[0]
    if (file !== undefined) onChoose(file)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    choose(event.dataTransfer.files)
  }
  return (
    <Stack gap="xl">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button within does it by keys */}
      <div
        className={`panel ${classes['drop']}`}
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Upload size={26} aria-hidden />
        <Text fw={500} size="md">
          Drop a file here
        </Text>
        <Text className="quiet" ta="center" maw="56ch">
          CSV with a heading, JSONL with one object a line, a NumPy array of vectors, or fvecs. Of
          any size: nothing is loaded whole.
        </Text>
        <Button onClick={() => input.current?.click()}>Choose a file</Button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label="File"
          accept=".csv,.tsv,.jsonl,.ndjson,.npy,.fvecs"
          onChange={(event) => choose(event.currentTarget.files)}
        />
      </div>
      {unfinished.length > 0 && (
        <PageSection
          title="Not finished"
          about="Choose the same file again: it goes on where it stopped."
        >
          <Stack gap="xs">
            {unfinished.map((saved) => (
              <Unfinished
                key={`${saved.file.name} ${saved.savedAt}`}
                saved={saved}
                onForget={() => {
                  forgetImport(projectId, saved.file)
                  setUnfinished(listImports(projectId))
                }}
              />
            ))}
          </Stack>
        </PageSection>
      )}
    </Stack>
  )
}

interface UnfinishedProps {
  readonly saved: SavedImport
  readonly onForget: () => void
}

function Unfinished({ saved, onForget }: UnfinishedProps) {
  const { file } = saved
  return (
    <Group className="panel" justify="space-between" px="md" py="sm" wrap="nowrap">
      <div className={classes['words']}>
        <Text fw={500} truncate>
          {file.name}
        </Text>
        <Text size="sm" className="quiet">
          {progressWords(saved)}
        </Text>
      </div>
      <Button size="xs" variant="default" onClick={onForget}>
        Forget
      </Button>
    </Group>
  )
}

function progressWords({ file, collection, place, written, savedAt }: SavedImport): string {
  const done = formatShare(place.offset / file.size)
  const points = formatPlural(written, 'point')
  return `${formatBytes(file.size)} into ${collection}: ${done} done, ${points}, ${formatAgo(savedAt)}`
}
