/** `vectron auth projects ...` and `vectron auth members ...`: projects, members and usage. */
import type { DayUsage, Member, Project, Role } from '@vectron/client'
import { Argument, type Command } from 'commander'
import { confirmByName } from '../confirm.ts'
import {
  type CliContext,
  type ClientFlags,
  type ProjectFlags,
  withClientFlags,
  withProjectFlags,
} from '../context.ts'
import { type Column, showObject, showRows } from '../output.ts'
import { connectAsPerson } from '../session-file.ts'

const PROJECT_COLUMNS: readonly Column<Project>[] = [
  { title: 'PROJECT', text: ({ projectId }) => projectId },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'PLAN', text: ({ limits }) => limits.plan },
  { title: 'ROLE', text: ({ role }) => role },
]

const MEMBER_COLUMNS: readonly Column<Member>[] = [
  { title: 'USER', text: ({ userId }) => userId },
  { title: 'EMAIL', text: ({ email }) => email },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ role }) => role },
]

const USAGE_COLUMNS: readonly Column<DayUsage>[] = [
  { title: 'DAY', text: ({ day }) => day },
  { title: 'REQUESTS', text: ({ requests }) => `${requests}`, align: 'right' },
  { title: 'SEARCHES', text: ({ searches }) => `${searches}`, align: 'right' },
  { title: 'POINTS WRITTEN', text: ({ pointsWritten }) => `${pointsWritten}`, align: 'right' },
  { title: 'REFUSED', text: ({ refused }) => `${refused}`, align: 'right' },
]

export function addProjectCommands(auth: Command, context: CliContext): void {
  const projects = auth.command('projects').description('projects that you are a member of')
  addListProjects(projects, context)
  addCreateProject(projects, context)
  addSetPlan(projects, context)
  addDeleteProject(projects, context)
  addUsage(projects, context)
  const members = auth.command('members').description('members of a project')
  addListMembers(members, context)
  addSetMember(members, context)
  addRemoveMember(members, context)
}

function addListProjects(projects: Command, { terminal, env }: CliContext): void {
  withClientFlags(projects.command('list').description('list them')).action(
    async (flags: ClientFlags) => {
      const rows = await (await connectAsPerson(flags, env)).projects.list()
      const whole = { projects: rows }
      const whenEmpty = 'None yet. Make one: vectron auth projects create NAME'
      showRows(terminal, flags.output, { rows, columns: PROJECT_COLUMNS, whole, whenEmpty })
    },
  )
}

function addCreateProject(projects: Command, { terminal, env }: CliContext): void {
  withClientFlags(projects.command('create').description('make one; you own it'))
    .argument('<name>', 'what people call it')
    .action(async (name: string, flags: ClientFlags) => {
      const { projectId } = await (await connectAsPerson(flags, env)).projects.create(name)
      showObject(terminal, flags.output, { projectId, name })
    })
}

function addSetPlan(projects: Command, { terminal, env }: CliContext): void {
  withClientFlags(projects.command('plan').description('change the plan; for operators'))
    .argument('<project>', 'its id')
    .addArgument(new Argument('<plan>', 'the plan').choices(['free', 'paid', 'custom']))
    .option('--limits <json>', 'with custom: {"requestsPerSecond": 50, "vectorsMax": 1000000}')
    .action(async (projectId: string, plan: string, flags: ClientFlags & { limits?: string }) => {
      const { projects: api } = await connectAsPerson(flags, env)
      const limits = flags.limits === undefined ? {} : { limits: JSON.parse(flags.limits) }
      const project = await api.change(projectId, { plan, ...limits })
      showObject(terminal, flags.output, { projectId, ...project.limits })
    })
}

function addDeleteProject(projects: Command, { terminal, env }: CliContext): void {
  withClientFlags(projects.command('delete').description('end a project with members and keys'))
    .argument('<project>', 'its id')
    .option('--yes', 'do not ask')
    .action(async (projectId: string, flags: ClientFlags & { yes?: true }) => {
      const what = `the project ${projectId} with its keys`
      await confirmByName(terminal, { name: projectId, what, isConfirmed: flags.yes === true })
      await (await connectAsPerson(flags, env)).projects.remove(projectId)
      terminal.note(`Deleted ${projectId}.`)
    })
}

function addUsage(projects: Command, { terminal, env }: CliContext): void {
  withClientFlags(projects.command('usage').description('what a project used, by day'))
    .argument('<project>', 'its id')
    .option('--days <count>', 'days back from today', '30')
    .action(async (projectId: string, flags: ClientFlags & { days: string }) => {
      const { projects: api } = await connectAsPerson(flags, env)
      const rows = await api.usage(projectId, Number(flags.days))
      const columns = USAGE_COLUMNS
      showRows(terminal, flags.output, {
        rows,
        columns,
        whole: { days: rows },
        whenEmpty: 'Nothing.',
      })
    })
}

function addListMembers(members: Command, { terminal, env }: CliContext): void {
  withProjectFlags(members.command('list').description('list them')).action(
    async (flags: ProjectFlags) => {
      const rows = await (await connectAsPerson(flags, env)).projects.members(flags.project)
      const whole = { members: rows }
      showRows(terminal, flags.output, {
        rows,
        columns: MEMBER_COLUMNS,
        whole,
        whenEmpty: 'Nobody.',
      })
    },
  )
}

function addSetMember(members: Command, { terminal, env }: CliContext): void {
  withProjectFlags(members.command('set').description('add a member, or change the role of one'))
    .argument('<email>', 'address of an account')
    .addArgument(
      new Argument('<role>', 'their role').choices(['reader', 'writer', 'admin', 'owner']),
    )
    .action(async (email: string, role: Role, flags: ProjectFlags) => {
      const { projects } = await connectAsPerson(flags, env)
      const member = await projects.setMember(flags.project, { email, role })
      showObject(terminal, flags.output, { ...member })
    })
}

function addRemoveMember(members: Command, { terminal, env }: CliContext): void {
  withProjectFlags(members.command('remove').description('take a member out, or leave'))
    .argument('<user>', 'id of the member')
    .action(async (userId: string, flags: ProjectFlags) => {
      await (await connectAsPerson(flags, env)).projects.removeMember(flags.project, userId)
      terminal.note(`${userId} is no member any more.`)
    })
}
