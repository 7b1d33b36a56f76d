/**
 * Opens placement on a folder: catalog, group, handlers.
 *
 * A folder without a catalog starts a new cluster, but only when the caller vouches that no data of
 * an older one lies around: a new, empty placement would have every worker destroy its shards.
 */

import {
  assertDefined,
  type Clock,
  type Disk,
  type Logger,
  type Random,
  systemDisk,
  toHex,
  VectronError,
} from '@vectron/base'
import type { RaftLog } from '@vectron/native'
import type { ReplicaHost } from '@vectron/raft'
import type { BoundService } from '@vectron/rpc'
import { bindPlacement } from './bind-placement.ts'
import { Changes } from './changes.ts'
import { LeaderMemory, type PlacementContext } from './context.ts'
import { Driver } from './driver.ts'
import { Leadership } from './leadership.ts'
import { Meeting, type MeetMember } from './meeting.ts'
import { MemberFile } from './member-file.ts'
import { checkMembership, type Membership, type PlacementMember, SOLE_MEMBER } from './members.ts'
import { CATALOG_GROUP, ReplicatedCatalog } from './replicated-catalog.ts'
import { PLACEMENT_SETTINGS, type PlacementSettings } from './settings.ts'

export interface PlacementOptions {
  /** Where the catalog's snapshot lies. */
  readonly folder: string
  /** Hosts the catalog's group; opened and closed by the caller. */
  readonly host: ReplicaHost
  readonly clock: Clock
  readonly random: Random
  /** Default: the machine's. */
  readonly disk?: Disk
  /** Default: placement of one member. */
  readonly member?: Membership
  /** For one of several members: how it finds out whether it has lost its disk. */
  readonly meeting?: MeetingWays
  readonly settings?: Partial<PlacementSettings>
  /** Hears of what the driver does. */
  readonly logger?: Logger
  /** What to do when the folder holds no catalog. */
  readonly whenEmpty: { readonly kind: 'bootstrap' } | { readonly kind: 'refuse'; why: string }
}

export interface MeetingWays {
  /** The log of `host`. */
  readonly log: Pick<RaftLog, 'load'>
  readonly connect: (member: PlacementMember) => MeetMember
  /** It has lost it, and must not go on. */
  readonly onFatal: (error: unknown) => void
}

export interface RunningPlacement {
  readonly service: BoundService
  /** Empty until the first leader of a new cluster has made it. */
  readonly clusterId: string
  /** Makes the snapshot current. The host is closed by who opened it. */
  close(): Promise<void>
}

const CLUSTER_ID_BYTES = 16

/**
 * Settles when a sole member answers for all that was ever acknowledged; one of several at once,
 * because the others may not be there yet.
 *
 * @throws VectronError WRONG_CLUSTER, DATA_CORRUPT, INCOMPATIBLE_DATA, INVALID_ARGUMENT,
 *   REPLICA_LOST
 */
export async function openPlacement(options: PlacementOptions): Promise<RunningPlacement> {
  const { folder, host, clock, random, logger, disk = systemDisk, member = SOLE_MEMBER } = options
  checkMembership(member)
  const changes = new Changes(clock)
  const onApplied = () => changes.announce()
  const catalogOptions = { folder, host, disk, clock, membership: member, onApplied }
  const catalog = await ReplicatedCatalog.open(catalogOptions)
  const settings = { ...PLACEMENT_SETTINGS, ...options.settings }
  let memory: LeaderMemory | undefined
  const leadership = new Leadership({
    host,
    group: CATALOG_GROUP,
    membership: member,
    clock,
    onLead: async (term, deadline) => {
      if (catalog.state.clusterId === '') {
        checkMayBegin(options)
        await catalog.initialize(createClusterId(random), deadline)
      }
      memory = new LeaderMemory({ clock, term, settings: settings.plan, logger })
      memory.events.add(`member ${member.memberId} leads placement in term ${term}`)
    },
  })
  const context: PlacementContext = {
    catalog,
    leadership,
    membership: member,
    settings,
    clock,
    logger,
    changes,
    reports: new Changes(clock),
    memory: () => assertDefined(memory, 'a leader has a memory'),
  }
  const file = await MemberFile.open(folder, disk, member)
  const ways = options.meeting
  const meeting = ways && new Meeting({ membership: member, file, connect: ways.connect, clock })
  const stopping = new AbortController()
  if (member.members.length === 1) {
    await catalog.join()
    await leadership.enter()
  } else {
    await joinOthers({ options, catalog, file, meeting, signal: stopping.signal })
  }
  const driver = new Driver(context)
  driver.start()
  return {
    service: bindPlacement(context, driver, meeting),
    get clusterId() {
      return catalog.state.clusterId
    },
    close: () => {
      driver.stop()
      stopping.abort()
      return catalog.checkpoint()
    },
  }
}

interface Joining {
  readonly options: PlacementOptions
  readonly catalog: ReplicatedCatalog
  readonly file: MemberFile
  readonly meeting: Meeting | undefined
  readonly signal: AbortSignal
}

/** Joins the group: at once with data, else when all others were met without any. */
async function joinOthers({ options, catalog, file, meeting, signal }: Joining): Promise<void> {
  const { folder, meeting: ways } = options
  const join = async () => {
    await catalog.join()
    if (!file.state.hasBegun) await file.change({ hasBegun: true })
  }
  if (meeting === undefined || ways === undefined) return join()
  const hasLog = ways.log.load(CATALOG_GROUP) !== undefined
  if (file.state.hasBegun && !hasLog) {
    const text = `${folder} is of a member of placement that has begun, but its log is gone.`
    throw new VectronError('REPLICA_LOST', text, { subject: folder })
  }
  if (hasLog) return join()
  checkMayBegin(options)
  meeting
    .untilAllNew(signal)
    .then(join)
    .catch((error) => {
      if (!signal.aborted) ways.onFatal(error)
    })
}

function checkMayBegin({ folder, whenEmpty }: PlacementOptions): void {
  if (whenEmpty.kind === 'bootstrap') return
  throw new VectronError(
    'WRONG_CLUSTER',
    `${folder} holds no catalog, and a new cluster is not begun: ${whenEmpty.why}.`,
    { subject: folder },
  )
}

function createClusterId(random: Random): string {
  const bytes = new Uint8Array(CLUSTER_ID_BYTES)
  random.fill(bytes)
  return toHex(bytes)
}
