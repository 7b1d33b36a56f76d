/** Which payload fields are columns. */
import { Button, Checkbox, Popover, Stack, Text, TextInput } from '@mantine/core'
import type { FieldStats } from '@vectron/client'
import Columns3 from 'lucide-react/icons/columns-3'
import { useState } from 'react'
import classes from './column-chooser.module.css'

export interface ColumnChooserProps {
  readonly fields: readonly FieldStats[]
  /** In the order of the table. */
  readonly chosen: readonly string[]
  readonly onChange: (columns: readonly string[]) => void
}

/** Below, one sees them all at once. */
const FEW = 8

export function ColumnChooser({ fields, chosen, onChange }: ColumnChooserProps) {
  const [find, setFind] = useState('')
  const names = [...new Set([...fields.map(({ field }) => field), ...chosen])].sort()
  const found = names.filter((name) => name.toLowerCase().includes(find.toLowerCase()))
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name])
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" size="xs" leftSection={<Columns3 size={14} />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns">
        {names.length > FEW && (
          <TextInput
            size="xs"
            mb="xs"
            aria-label="Find a field"
            placeholder="Find a field"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
        )}
        <Stack gap={6} className={classes['list']}>
          {found.map((name) => (
            <Checkbox
              key={name}
              size="xs"
              label={name}
              checked={chosen.includes(name)}
              onChange={() => toggle(name)}
            />
          ))}
        </Stack>
        {found.length === 0 && (
          <Text size="sm" className="quiet">
            {names.length === 0 ? 'No point has a payload yet.' : 'No field is called that.'}
          </Text>
        )}
      </Popover.Dropdown>
    </Popover>
  )
}
