/** What is wrong, one line each; nothing when all is well. */
import { Alert, Button, List } from '@mantine/core'
import TriangleAlert from 'lucide-react/icons/triangle-alert'
import { useState } from 'react'
import { formatPlural } from './format.ts'

/** Lines before the rest is folded. */
const SHOWN = 5

export function Problems({ problems }: { readonly problems: readonly string[] }) {
  const [isOpen, setOpen] = useState(false)
  if (problems.length === 0) return null
  const shown = isOpen ? problems : problems.slice(0, SHOWN)
  const more = problems.length - shown.length
  return (
    <Alert
      color="yellow"
      variant="light"
      role="status"
      icon={<TriangleAlert size={18} />}
      title={formatPlural(problems.length, 'problem')}
    >
      <List size="sm">
        {shown.map((problem) => (
          <List.Item key={problem}>{problem}</List.Item>
        ))}
      </List>
      {more > 0 && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          mt={6}
          onClick={() => setOpen(true)}
        >
          Show {more} more
        </Button>
      )}
    </Alert>
  )
}
