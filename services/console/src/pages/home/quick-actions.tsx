/** What people come for, one click away. */
import Plus from 'lucide-react/icons/plus'
import { ButtonLink } from '../../kit/links.tsx'
import { useMay } from '../../session/may.ts'

export function QuickActions() {
  const may = useMay()
  return (
    <>
      <ButtonLink to="/collections" variant="default">
        Collections
      </ButtonLink>
      {may('admin') && (
        <ButtonLink to="/collections/new" leftSection={<Plus size={16} />}>
          New collection
        </ButtonLink>
      )}
    </>
  )
}
