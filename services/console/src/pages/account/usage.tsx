/** What the plan of the chosen project allows, how near it is, and what was used day by day. */
import { Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { DayUsage, Project } from '@vectron/client'
import { collectionsQuery } from '../../api/collections.ts'
import { usageQuery } from '../../api/projects.ts'
import { formatCount, formatShare } from '../../kit/format.ts'
import { PageSection } from '../../kit/page-section.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { DayBars } from './day-bars.tsx'
import { accountRoute, USAGE_DAYS } from './routes.ts'
import classes from './usage.module.css'

export function Usage({ project }: { readonly project: Project }) {
  const { days = USAGE_DAYS[1] } = accountRoute.useSearch()
  const navigate = useNavigate()
  const usage = useQuery(usageQuery(project.projectId, days))
  return (
    <PageSection
      title="Plan and usage"
      about={`${project.name} is on the plan "${project.limits.plan}".`}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Days shown"
          data={USAGE_DAYS.map((each) => ({ value: String(each), label: `${each} days` }))}
          value={String(days)}
          onChange={(next) =>
            navigate({
              to: '/account',
              search: { days: Number(next) as typeof days },
              replace: true,
            })
          }
        />
      }
    >
      <Stack gap="md" className={`panel ${classes['usage']}`}>
        <Limits project={project} />
        <QueryState query={usage} />
        {usage.data !== undefined && <Days usage={fillDays(usage.data, days)} />}
      </Stack>
    </PageSection>
  )
}

function Limits({ project }: { readonly project: Project }) {
  const { limits, projectId } = project
  const { data: collections } = useQuery(collectionsQuery(projectId))
  const points = collections?.reduce((sum, { pointsCount }) => sum + pointsCount, 0)
  return (
    <div className={classes['limits']}>
      <Limit label="Collections" used={collections?.length} most={limits.collectionsMax} />
      <Limit label="Vectors" used={points} most={limits.vectorsMax} />
      <Limit label="Requests a second" used={undefined} most={limits.requestsPerSecond} />
      <Limit label="Dimensions of a vector" used={undefined} most={limits.dimensionMax} />
      <Limit label="Results of a search" used={undefined} most={limits.topKMax} />
    </div>
  )
}

/** From so much of a limit on people are told. */
const NEAR = 0.8

interface LimitProps {
  readonly label: string
  /** undefined where a limit is of each request. */
  readonly used: number | undefined
  /** 0: not limited. */
  readonly most: number
}

function Limit({ label, used, most }: LimitProps) {
  const share = used === undefined || most === 0 ? 0 : used / most
  const mostText = most === 0 ? 'not limited' : formatCount(most)
  return (
    <div>
      <Text size="xs" className="quiet">
        {label}
      </Text>
      <Text className="figures" fw={600}>
        {used === undefined
          ? mostText
          : `${formatCount(used)}${most === 0 ? ', ' : ' of '}${mostText}`}
      </Text>
      {used !== undefined && most > 0 && (
        <Progress
          mt={4}
          size="xs"
          value={100 * share}
          color={share >= NEAR ? 'red' : 'jade'}
          aria-label={`${label}: ${formatShare(share)} used`}
        />
      )}
    </div>
  )
}

function Days({ usage }: { readonly usage: readonly DayUsage[] }) {
  const total = (of: (day: DayUsage) => number) => usage.reduce((sum, day) => sum + of(day), 0)
  return (
    <div className={classes['days']}>
      <DayBars label="Requests" days={usage} countOf={(day) => day.requests} />
      <DayBars label="Searches" days={usage} countOf={(day) => day.searches} />
      <DayBars label="Points written" days={usage} countOf={(day) => day.pointsWritten} />
      <DayBars label="Refused by the plan's rate" days={usage} countOf={(day) => day.refused} />
      {total(({ requests }) => requests) === 0 && (
        <Text size="sm" className="quiet">
          Nothing was asked yet. Counts come within a minute.
        </Text>
      )}
    </div>
  )
}

/** Days without any use are not told: they stand with zeros. */
export function fillDays(
  usage: readonly DayUsage[],
  days: number,
  todayMs: number = Date.now(),
): DayUsage[] {
  const known = new Map(usage.map((each) => [each.day, each]))
  return Array.from({ length: days }, (_, index) => {
    const ms = todayMs - (days - 1 - index) * 86_400_000
    const day = new Date(ms).toISOString().slice(0, 10)
    return known.get(day) ?? { day, requests: 0, searches: 0, pointsWritten: 0, refused: 0 }
  })
}
