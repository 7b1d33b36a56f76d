/** The way to a new key. */
import Plus from 'lucide-react/icons/plus'
import { ButtonLink } from '../../kit/links.tsx'

export function NewKeyButton() {
  return (
    <ButtonLink to="/access/keys/new" leftSection={<Plus size={16} />}>
      New API key
    </ButtonLink>
  )
}
