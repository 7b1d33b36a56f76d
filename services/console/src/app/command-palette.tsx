/** Cmd-K: any page or collection by a part of its name, by keys alone. */
import { Modal, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import Database from 'lucide-react/icons/database'
import FileText from 'lucide-react/icons/file-text'
import { type KeyboardEvent, useId, useState } from 'react'
import { collectionsQuery } from '../api/collections.ts'
import { useMay } from '../session/may.ts'
import { useProject } from '../session/project.ts'
import classes from './command-palette.module.css'
import { placesFor } from './navigation.ts'

interface Target {
  readonly key: string
  readonly label: string
  readonly kind: 'page' | 'collection'
  readonly go: () => void
}

const SHOWN_MAX = 12

export function CommandPalette({ onClose }: { readonly onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState(0)
  const listId = useId()
  const found = matching(useTargets(), typed)
  const at = Math.min(chosen, found.length - 1)
  const open = (target: Target | undefined) => {
    if (target === undefined) return
    onClose()
    target.go()
  }
  const onKey = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move !== undefined && found.length > 0) {
      event.preventDefault()
      setChosen((at + move + found.length) % found.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      open(found[at])
    }
  }
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={540}
      yOffset="14vh"
      centered={false}
      aria-label="Go to"
    >
      <TextInput
        className={classes['input']}
        variant="unstyled"
        size="md"
        placeholder="Go to a page or a collection"
        aria-label="Go to"
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found[at] && `${listId}-${at}`}
        data-autofocus
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setChosen(0)
        }}
        onKeyDown={onKey}
      />
      <div id={listId} role="listbox" aria-label="Places" className={classes['list']}>
        {found.map((target, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the input
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input
          <div
            key={target.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            className={classes['option']}
            onClick={() => open(target)}
            onPointerMove={() => setChosen(index)}
          >
            {target.kind === 'page' ? <FileText size={15} /> : <Database size={15} />}
            <span className={classes['label']}>{target.label}</span>
            <VisuallyHidden>{target.kind}</VisuallyHidden>
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <Text className="quiet" p="md" role="status">
          Nothing is called that.
        </Text>
      )}
    </Modal>
  )
}

function useTargets(): Target[] {
  const navigate = useNavigate()
  const projectId = useProject()?.projectId ?? ''
  const places = placesFor(useMay())
  const { data: collections = [] } = useQuery(collectionsQuery(projectId))
  return [
    ...places.map(({ to, title }) => ({
      key: to,
      label: title,
      kind: 'page' as const,
      go: () => navigate({ to }),
    })),
    ...collections.map(({ name }) => ({
      key: `collection ${name}`,
      label: name,
      kind: 'collection' as const,
      go: () => navigate({ to: '/collections/$name', params: { name } }),
    })),
  ]
}

/** Those that hold all words of the text; names that begin with it first. */
function matching(targets: readonly Target[], text: string): Target[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const begins = (label: string) => label.toLowerCase().startsWith(words[0] ?? '')
  return targets
    .filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
    .sort((a, b) => Number(begins(b.label)) - Number(begins(a.label)))
    .slice(0, SHOWN_MAX)
}
