/**
 * The frame around pages: navigation at the side, behind a button on narrow windows; the palette
 * (Cmd-K), the project, the theme and the person.
 */
import { ActionIcon, AppShell, Box, Burger, Group, Kbd, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { useLocation } from '@tanstack/react-router'
import Search from 'lucide-react/icons/search'
import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import { NavRow } from '../kit/links.tsx'
import { useMay } from '../session/may.ts'
import { Logo } from './logo.tsx'
import { NAV_GROUPS, placesFor } from './navigation.ts'
import { PersonMenu } from './person-menu.tsx'
import { ProjectSwitcher } from './project-switcher.tsx'
import classes from './shell.module.css'

const CommandPalette = lazy(() =>
  import('./command-palette.tsx').then((module) => ({ default: module.CommandPalette })),
)

export function Shell({ children }: { readonly children: ReactNode }) {
  const [isNavOpen, nav] = useDisclosure(false)
  const [isPaletteOpen, palette] = useDisclosure(false)
  const { pathname } = useLocation()
  useHotkeys([['mod+K', palette.open]], [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes when one has gone
  useEffect(nav.close, [pathname])
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 236, breakpoint: 'sm', collapsed: { mobile: !isNavOpen } }}
    >
      <a className="skip-link" href="#page">
        Skip to the page
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes['header']}>
        <Group h="100%" px="md" justify="space-between">
          <Group gap="xs">
            <Burger
              opened={isNavOpen}
              onClick={nav.toggle}
              size="sm"
              aria-label={isNavOpen ? 'Close the navigation' : 'Open the navigation'}
            />
            <Logo />
          </Group>
          <ActionIcon variant="subtle" color="gray" aria-label="Search" onClick={palette.open}>
            <Search size={18} />
          </ActionIcon>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes['navbar']}>
        <Box visibleFrom="sm" px={8} pb={14}>
          <Logo />
        </Box>
        <ProjectSwitcher />
        <UnstyledButton className={classes['search']} onClick={palette.open}>
          <Search size={15} />
          <Text size="sm" flex={1}>
            Search
          </Text>
          <Kbd size="xs">{MOD_KEY} K</Kbd>
        </UnstyledButton>
        <Places pathname={pathname} />
        <PersonMenu />
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1} className={classes['main']}>
        {children}
      </AppShell.Main>
      <Suspense>{isPaletteOpen && <CommandPalette onClose={palette.close} />}</Suspense>
    </AppShell>
  )
}

const MOD_KEY = navigator.userAgent.includes('Mac') ? '⌘' : 'Ctrl'

function Places({ pathname }: { readonly pathname: string }) {
  const places = placesFor(useMay())
  return (
    <nav className={classes['places']} aria-label="Pages">
      {NAV_GROUPS.map((group) => {
        const own = places.filter(({ nav }) => nav?.group === group)
        return (
          own.length > 0 && (
            <div key={group} className={classes['group']}>
              {own.map(({ to, title, nav }) => {
                const isHere = to === '/' ? pathname === '/' : pathname.startsWith(to)
                const Icon = nav?.icon
                return (
                  <NavRow
                    key={to}
                    to={to}
                    className={classes['place']}
                    label={title}
                    active={isHere}
                    aria-current={isHere ? 'page' : undefined}
                    leftSection={Icon && <Icon size={17} />}
                  />
                )
              })}
            </div>
          )
        )
      })}
    </nav>
  )
}
