/** At the foot of the navigation: who is signed in, light or dark, and the way out. */
import {
  ActionIcon,
  Group,
  type MantineColorScheme,
  Menu,
  Text,
  useMantineColorScheme,
} from '@mantine/core'
import Ellipsis from 'lucide-react/icons/ellipsis'
import LogOut from 'lucide-react/icons/log-out'
import Monitor from 'lucide-react/icons/monitor'
import Moon from 'lucide-react/icons/moon'
import Sun from 'lucide-react/icons/sun'
import { session } from '../session/session.ts'
import { useProfile } from '../session/use-session.ts'
import classes from './person-menu.module.css'

const SCHEMES: readonly {
  readonly scheme: MantineColorScheme
  readonly label: string
  readonly icon: typeof Sun
}[] = [
  { scheme: 'light', label: 'Light', icon: Sun },
  { scheme: 'dark', label: 'Dark', icon: Moon },
  { scheme: 'auto', label: 'As the system', icon: Monitor },
]

export function PersonMenu() {
  const { name, email } = useProfile()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Group className={classes['person']} justify="space-between" wrap="nowrap" gap="xs">
      <div className={classes['words']}>
        <Text size="sm" fw={500} truncate>
          {name || email || 'Owner'}
        </Text>
        {name !== '' && email !== '' && (
          <Text size="xs" className="quiet" truncate>
            {email}
          </Text>
        )}
      </div>
      <Menu position="top-end" width={190}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="Theme and log out">
            <Ellipsis size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Theme</Menu.Label>
          {SCHEMES.map(({ scheme, label, icon: Icon }) => (
            <Menu.Item
              key={scheme}
              leftSection={<Icon size={15} />}
              fw={scheme === colorScheme ? 600 : undefined}
              aria-current={scheme === colorScheme || undefined}
              onClick={() => setColorScheme(scheme)}
            >
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<LogOut size={15} />} onClick={() => session.logOut('this')}>
            Log out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
