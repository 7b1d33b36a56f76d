/** The projects that the person is in: made here, renamed by their owners. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import type { Project } from '@vectron/client'
import Pencil from 'lucide-react/icons/pencil'
import Plus from 'lucide-react/icons/plus'
import { type FormEvent, useState } from 'react'
import { useCreateProject, useRenameProject } from '../../api/projects.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatMoment } from '../../kit/format.ts'
import { TextLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import { useProfile } from '../../session/use-session.ts'
import classes from './account-page.module.css'

export function Projects() {
  const { projects } = useProfile()
  const [isMaking, setMaking] = useState(false)
  const [renamed, setRenamed] = useState<Project>()
  return (
    <PageSection
      title="Projects"
      about="A project holds collections, members, keys and a plan of its own."
      actions={
        <Button variant="default" leftSection={<Plus size={16} />} onClick={() => setMaking(true)}>
          New project
        </Button>
      }
    >
      <ul className={`panel ${classes['projects']}`}>
        {projects.map((project) => (
          <li key={project.projectId}>
            <div className={classes['project']}>
              <TextLink to="/" search={{ project: project.projectId }} fw={500}>
                {project.name}
              </TextLink>
              <Text size="sm" className="quiet">
                {project.role}, plan {project.limits.plan}, since {formatMoment(project.createTime)}
              </Text>
            </div>
            {project.role === 'owner' && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-sm"
                leftSection={<Pencil size={13} />}
                aria-label={`Rename ${project.name}`}
                onClick={() => setRenamed(project)}
              >
                Rename
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Modal opened={isMaking} onClose={() => setMaking(false)} title="New project">
        <NewProject onDone={() => setMaking(false)} />
      </Modal>
      <Modal
        opened={renamed !== undefined}
        onClose={() => setRenamed(undefined)}
        title="Rename this project"
      >
        {renamed !== undefined && <Rename project={renamed} onDone={() => setRenamed(undefined)} />}
      </Modal>
    </PageSection>
  )
}

function NewProject({ onDone }: { readonly onDone: () => void }) {
  const create = useCreateProject()
  return (
    <NameForm
      first=""
      action="Make project"
      isRunning={create.isPending}
      error={create.error}
      onCancel={onDone}
      onSubmit={(name) => create.mutate(name, { onSuccess: onDone })}
    />
  )
}

function Rename({ project, onDone }: { readonly project: Project; readonly onDone: () => void }) {
  const rename = useRenameProject()
  const { projectId } = project
  return (
    <NameForm
      first={project.name}
      action="Rename"
      isRunning={rename.isPending}
      error={rename.error}
      onCancel={onDone}
      onSubmit={(name) => rename.mutate({ projectId, name }, { onSuccess: onDone })}
    />
  )
}

interface NameFormProps {
  readonly first: string
  readonly action: string
  readonly isRunning: boolean
  readonly error: unknown
  readonly onCancel: () => void
  readonly onSubmit: (name: string) => void
}

function NameForm({ first, action, isRunning, error, onCancel, onSubmit }: NameFormProps) {
  const [name, setName] = useState(first)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit(name.trim())
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="Name"
          required
          maxLength={128}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {error !== null && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isRunning} disabled={name.trim() === '' || name === first}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
