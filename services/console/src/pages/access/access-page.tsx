/** Who may do what in the project: keys of programs, members, and what they did. */
import { Tabs } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ButtonLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { useMay } from '../../session/may.ts'
import { useProject } from '../../session/project.ts'
import { AuditList } from './audit-list.tsx'
import { KeyList } from './key-list.tsx'
import { MemberList } from './member-list.tsx'
import { NewKeyButton } from './new-key-button.tsx'
import { ACCESS_TABS, accessRoute } from './routes.ts'

type Tab = (typeof ACCESS_TABS)[number]

const TITLES: Readonly<Record<Tab, string>> = {
  keys: 'API keys',
  members: 'Members',
  audit: 'Audit',
}

export function AccessPage() {
  const project = useProject()
  const may = useMay()
  const navigate = useNavigate()
  const search = accessRoute.useSearch()
  // Keys and the audit are for admins: others see who is there.
  const tabs = ACCESS_TABS.filter((tab) => tab === 'members' || may('admin'))
  const tab = tabs.find((each) => each === search.tab) ?? tabs[0] ?? 'members'
  const show = (next: string | null) =>
    navigate({ to: '/access', search: next === 'keys' ? {} : { tab: next as Tab } })
  return (
    <PageFrame
      title="Access"
      about={project && `Who may do what in ${project.name}.`}
      actions={tab === 'keys' && may('admin') && <NewKeyButton />}
    >
      {project === undefined ? (
        <EmptyState
          title="You are in no project"
          text="Ask somebody to add you to one, or make your own on the account page."
          action={<ButtonLink to="/account">Account</ButtonLink>}
        />
      ) : (
        <Tabs value={tab} onChange={show} keepMounted={false}>
          <Tabs.List mb="lg">
            {tabs.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {TITLES[each]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="keys">
            <KeyList project={project} />
          </Tabs.Panel>
          <Tabs.Panel value="members">
            <MemberList project={project} />
          </Tabs.Panel>
          <Tabs.Panel value="audit">
            <AuditList project={project} />
          </Tabs.Panel>
        </Tabs>
      )}
    </PageFrame>
  )
}
