/** Where a gateway reads what was done: a log of its own process, or that of an authenticator. */
import {
  type AuditLog,
  type AuditPage,
  type AuditPageQuery,
  LIMITS,
  type RecordedEntry,
} from '@vectron/base'
import type { auth, vectron } from '@vectron/contracts'
import type { CallContext, Client } from '@vectron/rpc'

/** One audit log. No log is behind two sources of a gateway: its entries would come twice. */
export interface AuditSource {
  /** Whose log it is, as people are told: "the authenticator at 10.0.0.1:6210". */
  readonly name: string
  /** From the newest back. @throws VectronError when the log cannot be read */
  readPage(query: SourceQuery, call: Pick<CallContext, 'deadline' | 'signal'>): Promise<SourcePage>
}

export type SourceQuery = Omit<AuditPageQuery, 'bytesMax'>

export interface SourcePage extends AuditPage {
  /** Whether there is a log at all. */
  readonly kept: boolean
}

/** Milliseconds for an authenticator to answer: a page of it, from a slow disk, ten times. */
const ANSWER_MS_MAX = 2000

/** The log of this process. */
export function ownAuditSource(name: string, log: AuditLog): AuditSource {
  return {
    name,
    readPage: async (query) => {
      const page = await log.readPage({ ...query, bytesMax: LIMITS.auditPageBytesMax })
      return { ...page, kept: log.isKept }
    },
  }
}

/** The log of an instance of the authenticator, which alone writes it. */
export function authenticatorAuditSource(
  name: string,
  client: Pick<Client<typeof auth.Auth>, 'listAuditRecords'>,
): AuditSource {
  return {
    name,
    readPage: async ({ before, entriesMax, filter }, { deadline, signal }) => {
      // Half of what is left, so that the caller still hears what the other logs have.
      const timeoutMs = Math.min(deadline.remainingMs() / 2, ANSWER_MS_MAX)
      const { project, ...rest } = filter
      const wanted = project === undefined ? rest : filter
      const answer = await client.listAuditRecords(
        { ...wanted, before, entriesMax },
        { timeoutMs, signal },
      )
      const { records, next, scannedTo, kept } = answer
      const entries = records.flatMap(({ entry, position }) =>
        entry === undefined ? [] : [{ ...toRecorded(entry), position }],
      )
      return { entries, next, scannedTo, kept }
    },
  }
}

function toRecorded(entry: vectron.AuditEntry): RecordedEntry {
  const { time, action, actor, project, subject, result, requestId, peer, facts } = entry
  return { time, action, actor, project, subject, result, requestId, peer, facts }
}
