/** The project that all pages are about; shown as a choice only where there is one. */
import { Select, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useProject } from '../session/project.ts'
import { useProfile } from '../session/use-session.ts'

export function ProjectSwitcher() {
  const { projects } = useProfile()
  const project = useProject()
  const navigate = useNavigate()
  if (project === undefined) return null
  if (projects.length === 1) {
    return (
      <Text size="xs" className="quiet" px={10} truncate>
        {project.name}
      </Text>
    )
  }
  const choose = (chosen: string | null) => {
    if (chosen === null) return
    const isFirst = chosen === projects[0]?.projectId
    navigate({ to: '/', search: { project: isFirst ? undefined : chosen } as never })
  }
  return (
    <Select
      aria-label="Project"
      data={projects.map(({ projectId, name }) => ({ value: projectId, label: name }))}
      value={project.projectId}
      onChange={choose}
      allowDeselect={false}
    />
  )
}
