/** ListAuditEntries: of the audit logs that this gateway reads, that which the caller may see. */
import { LIMITS, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { takePageSize } from '../check-collection.ts'
import { encodePageToken, parsePageToken } from '../page-token.ts'
import type { AuditSource } from './audit-sources.ts'
import { mergeAudit, type Place } from './merge-audit.ts'

const PAGE_SIZE = { default: LIMITS.auditPageDefault, max: LIMITS.auditPageMax }

export interface ListAuditOptions {
  readonly auditSources: readonly AuditSource[]
  readonly clusterId: string
}

export async function listAuditEntries(
  { auditSources, clusterId }: ListAuditOptions,
  request: vectron.ListAuditEntriesRequest,
  call: CallContext,
) {
  const { actor, action, subject, result, allProjects, pageToken } = request
  const { principal } = call
  if (allProjects && !principal?.clusterOperator) {
    throw new VectronError('FORBIDDEN', 'Only an operator of the cluster sees all projects.')
  }
  const since = parseTime(request.since, 'since')
  const until = parseTime(request.until, 'until')
  const project = allProjects ? undefined : (principal?.projectId ?? '')
  const list = {
    clusterId,
    // A position means something in its own log alone.
    shape: [
      ...['audit', project ?? '*', actor, action, subject, result, since, until],
      ...auditSources.map(({ name }) => name),
    ],
    field: 'pageToken',
  }
  const { entries, next, missing, kept } = await mergeAudit(
    auditSources,
    {
      places: parsePlaces(parsePageToken(list, pageToken)),
      entriesMax: takePageSize(request.pageSize, PAGE_SIZE),
      filter: { project, actor, action, subject, result, since, until },
    },
    call,
  )
  return {
    kept,
    missing: [...missing],
    entries: entries.map((entry) => ({ ...entry, facts: { ...entry.facts } })),
    nextPageToken: next === undefined ? '' : encodePageToken(list, formatPlaces(next)),
  }
}

const END = 'end'

/** One word for each source, in order: a position, "end", or nothing for the newest entry. */
function formatPlaces(places: readonly Place[]): string {
  return places.map((place) => (place.kind === 'end' ? END : place.position)).join(' ')
}

function parsePlaces(text: string): Place[] {
  return text
    .split(' ')
    .map((word) => (word === END ? { kind: 'end' } : { kind: 'before', position: word }))
}

/** As the log writes times, so that they compare as texts. @throws VectronError INVALID_ARGUMENT */
function parseTime(text: string, field: string): string {
  if (text === '') return ''
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return new Date(ms).toISOString()
  throw new VectronError('INVALID_ARGUMENT', `"${text}" is no time in the form of RFC 3339.`, {
    field,
  })
}
