/** The handlers of auth.v1.Projects. */

import { VectronError } from '@vectron/base'
import type { auth } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { isWithinRole } from './api-keys.ts'
import type { AuthContext } from './auth-context.ts'
import { callerOf, memberOf, personOf } from './caller.ts'
import { parseRole, toProject, toRole, toUsageCount } from './messages.ts'
import { parseAllowance } from './plans.ts'
import type { ProjectChange } from './projects.ts'
import type { PlanName } from './records.ts'

const PLAN_NAMES: readonly PlanName[] = ['free', 'paid', 'custom']
const USAGE_DAYS_DEFAULT = 30
const USAGE_DAYS_MAX = 366

export class ProjectsService implements ServiceHandlers<typeof auth.Projects> {
  readonly #context: AuthContext

  constructor(context: AuthContext) {
    this.#context = context
  }

  async createProject({ name }: auth.CreateProjectRequest, call: CallContext) {
    const { projects, principals, audit } = this.#context
    const { userId } = await personOf(principals, call)
    const project = await projects.create({ name, plan: 'free' }, userId)
    audit(call, 'project.create', { projectId: project.value.id, userId })
    return toProject(project, 'owner')
  }

  async listProjects(_request: auth.ListProjectsRequest, call: CallContext) {
    const { projects, principals } = this.#context
    const { userId } = await personOf(principals, call)
    const listed = await projects.listOf(userId)
    return { projects: listed.map((project) => toProject(project, project.role)) }
  }

  async getProject({ projectId }: auth.GetProjectRequest, call: CallContext) {
    const { principals } = this.#context
    const { membership } = await memberOf(principals, call, { projectId, role: 'reader' })
    return toProject(membership.project, membership.role)
  }

  async updateProject(
    { projectId, name, plan, limits }: auth.UpdateProjectRequest,
    call: CallContext,
  ) {
    const { projects, principals, audit } = this.#context
    const change: ProjectChange = {
      ...(name === undefined ? {} : { name }),
      ...(plan === undefined ? {} : parsePlan(plan, limits)),
    }
    if (plan !== undefined) {
      await requireOperator(this.#context, call)
      const changed = await projects.change(projectId, change)
      audit(call, 'project.plan', { projectId, plan })
      return toProject(changed, 'owner')
    }
    const { membership } = await memberOf(principals, call, { projectId, role: 'owner' })
    const changed = await projects.change(projectId, change)
    audit(call, 'project.update', { projectId })
    return toProject(changed, membership.role)
  }

  async deleteProject({ projectId }: auth.DeleteProjectRequest, call: CallContext) {
    const { projects, principals, audit } = this.#context
    await memberOf(principals, call, { projectId, role: 'owner' })
    await projects.remove(projectId)
    audit(call, 'project.delete', { projectId })
    return {}
  }

  async listMembers({ projectId }: auth.ListMembersRequest, call: CallContext) {
    const { projects, principals } = this.#context
    await memberOf(principals, call, { projectId, role: 'reader' })
    const members = await projects.members(projectId)
    return {
      members: members.map(({ user, role }) => ({
        userId: user.id,
        email: user.email,
        name: user.name,
        role: toRole(role),
      })),
    }
  }

  async setMember({ projectId, email, role: wanted }: auth.SetMemberRequest, call: CallContext) {
    const { accounts, projects, principals, audit } = this.#context
    const role = parseRole(wanted)
    const own = await memberOf(principals, call, { projectId, role: 'admin' })
    if (!isWithinRole(role, own.membership.role)) {
      throw new VectronError('FORBIDDEN', `Only an owner makes somebody ${role}.`)
    }
    const user = await accounts.findByEmail(email)
    if (user === undefined) {
      throw new VectronError('INVALID_ARGUMENT', `There is no account for "${email}".`, {
        field: 'email',
      })
    }
    await checkNotAbove(this.#context, projectId, user.id, own)
    await projects.setMember(projectId, user.id, role)
    audit(call, 'project.set-member', { projectId, userId: user.id, role })
    return { userId: user.id, email: user.email, name: user.name, role: toRole(role) }
  }

  async removeMember({ projectId, userId }: auth.RemoveMemberRequest, call: CallContext) {
    const { projects, principals, audit } = this.#context
    const caller = await callerOf(principals, call)
    // Everybody may leave.
    if (caller.userId !== userId || userId === '') {
      const own = await memberOf(principals, call, { projectId, role: 'admin' })
      await checkNotAbove(this.#context, projectId, userId, own)
    }
    await projects.removeMember(projectId, userId)
    audit(call, 'project.remove-member', { projectId, userId })
    return {}
  }

  async getUsage({ projectId, days }: auth.GetUsageRequest, call: CallContext) {
    const { principals, usage } = this.#context
    await memberOf(principals, call, { projectId, role: 'reader' })
    if (days > USAGE_DAYS_MAX) {
      throw new VectronError('INVALID_ARGUMENT', `Usage is kept for ${USAGE_DAYS_MAX} days.`, {
        field: 'days',
      })
    }
    const listed = await usage.ofDays(projectId, days || USAGE_DAYS_DEFAULT)
    return { days: listed.map(toUsageCount) }
  }
}

/** An admin changes nothing about an owner. */
async function checkNotAbove(
  { principals }: AuthContext,
  projectId: string,
  userId: string,
  own: Awaited<ReturnType<typeof memberOf>>,
): Promise<void> {
  const other = await principals.membershipOf(userId, projectId)
  if (other === undefined || isWithinRole(other.role, own.membership.role)) return
  throw new VectronError(
    'FORBIDDEN',
    `That member is ${other.role}; you are ${own.membership.role}.`,
  )
}

async function requireOperator({ principals }: AuthContext, call: CallContext): Promise<void> {
  const { clusterOperator } = await callerOf(principals, call)
  if (!clusterOperator) {
    throw new VectronError('FORBIDDEN', 'Only an operator of the cluster changes plans.')
  }
}

function parsePlan(text: string, limits: auth.PlanLimits | undefined): ProjectChange {
  const plan = PLAN_NAMES.find((name) => name === text)
  if (plan === undefined) {
    throw new VectronError('INVALID_ARGUMENT', `The plan is one of ${PLAN_NAMES.join(', ')}.`, {
      field: 'plan',
    })
  }
  return plan === 'custom' ? { plan, custom: parseAllowance(limits) } : { plan }
}
