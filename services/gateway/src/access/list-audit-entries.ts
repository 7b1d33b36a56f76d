/** ListAuditEntries: of the audit log beside this gateway, that which the caller may see. */
import { type AuditLog, type RecordedEntry, VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import { takePageSize } from '../check-collection.ts'
import { encodePageToken, parsePageToken } from '../page-token.ts'

const PAGE_SIZE = { default: 100, max: 500 }
/** Read for one page at most: a tenth of a second of a slow disk. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024

export interface ListAuditOptions {
  readonly auditLog: AuditLog
  readonly clusterId: string
}

export async function listAuditEntries(
  { auditLog, clusterId }: ListAuditOptions,
  request: vectron.ListAuditEntriesRequest,
  { principal }: CallContext,
) {
  const { actor, action, subject, result, allProjects, pageToken } = request
  if (allProjects && !principal?.clusterOperator) {
    throw new VectronError('FORBIDDEN', 'Only an operator of the cluster sees all projects.')
  }
  const since = parseTime(request.since, 'since')
  const until = parseTime(request.until, 'until')
  const projectId = principal?.projectId ?? ''
  const project = allProjects ? undefined : projectId
  const list = {
    clusterId,
    shape: ['audit', project ?? '*', actor, action, subject, result, since, until],
    field: 'pageToken',
  }
  const isWanted = (entry: RecordedEntry) =>
    (project === undefined || entry.project === project) &&
    (actor === '' || entry.actor === actor) &&
    entry.action.toLowerCase().includes(action.toLowerCase()) &&
    entry.subject.toLowerCase().includes(subject.toLowerCase()) &&
    isResult(entry, result) &&
    (until === '' || entry.time <= until)
  const { entries, next } = await auditLog.readPage({
    before: parsePageToken(list, pageToken),
    entriesMax: takePageSize(request.pageSize, PAGE_SIZE),
    bytesMax: PAGE_BYTES_MAX,
    since,
    isWanted,
  })
  return {
    kept: auditLog.isKept,
    entries: entries.map((entry) => ({ ...entry, facts: { ...entry.facts } })),
    nextPageToken: next === '' ? '' : encodePageToken(list, next),
  }
}

function isResult(entry: RecordedEntry, wanted: string): boolean {
  if (wanted === 'refused') return entry.result !== 'ok'
  return wanted === '' || entry.result === wanted
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
