/** Which entries of an audit log somebody looks for: gateways and the authenticator judge alike. */
import type { RecordedEntry } from './audit-reader.ts'

/** Empty texts ask for nothing. */
export interface AuditFilter {
  /** undefined: entries of all projects, and of none as those of sign-ins. */
  readonly project: string | undefined
  readonly actor: string
  /** A part of the action's name, in either case. */
  readonly action: string
  /** A part of what it was done to, in either case. */
  readonly subject: string
  /** "ok", the reason of an error, or "refused" for all that is not "ok". */
  readonly result: string
  /** RFC 3339 in UTC with milliseconds, as the log has it; older entries are not looked for. */
  readonly since: string
  /** The same; newer ones are passed over. */
  readonly until: string
}

export function isWanted(entry: RecordedEntry, filter: AuditFilter): boolean {
  const { project, actor, action, subject, result, since, until } = filter
  return (
    (project === undefined || entry.project === project) &&
    (actor === '' || entry.actor === actor) &&
    entry.action.toLowerCase().includes(action.toLowerCase()) &&
    entry.subject.toLowerCase().includes(subject.toLowerCase()) &&
    isResult(entry, result) &&
    entry.time >= since &&
    (until === '' || entry.time <= until)
  )
}

function isResult(entry: RecordedEntry, wanted: string): boolean {
  if (wanted === 'refused') return entry.result !== 'ok'
  return wanted === '' || entry.result === wanted
}
