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
  deadlineAfter,
  type Logger,
  type Metrics,
  type Random,
  systemDisk,
  toHex,
  VectronError,
} from '@vectron/base'
import type { RaftLog } from '@vectron/native'
import type { GroupPlace, ReplicaHost } from '@vectron/raft'
import type { BoundService } from '@vectron/rpc'
import { bindPlacement } from './bind-placement.ts'
import { Changes } from './changes.ts'
import { exposeCluster } from './cluster-metrics.ts'
import { LeaderMemory, type PlacementContext } from './context.ts'
import { Driver } from './driver.ts'
import { Leadership } from './leadership.ts'
import { Meeting, type MeetMember } from './meeting.ts'
import { MemberFile } from './member-file.ts'
import { checkMembership, type Membership, type PlacementMember, SOLE_MEMBER } from './members.ts'
import { CATALOG_GROUP, ReplicatedCatalog } from './replicated-catalog.ts'
import { SeatKeeper } from './seat-keeper.ts'
import { memberAt } from './seats.ts'
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
  /** For one of several members: what it does when its folder is empty, and how it asks. */
  readonly meeting?: MeetingWays
  readonly settings?: Partial<PlacementSettings>
  /** Hears of what the driver does. */
  readonly logger?: Logger
  /** Default: none. */
  readonly metrics?: Metrics
  /** What to do when the folder holds no catalog. */
  readonly whenEmpty: { readonly kind: 'bootstrap' } | { readonly kind: 'refuse'; why: string }
}

export interface MeetingWays {
  /** The log of `host`. */
  readonly log: Pick<RaftLog, 'load'>
  readonly connect: (member: PlacementMember) => MeetMember
  /** Tells the transport where the replicas of the catalog's group are. */
  readonly setMembers: (places: readonly GroupPlace[]) => void
  /** It cannot go on. */
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
/** Milliseconds for a new seat to be in the catalog. */
const SEAT_TIMEOUT_MS = 4_000

/**
 * Settles when a sole member answers for all that was ever acknowledged; one of several at once,
 * because the others may not be there yet.
 *
 * @throws VectronError WRONG_CLUSTER, DATA_CORRUPT, INCOMPATIBLE_DATA, INVALID_ARGUMENT
 */
export async function openPlacement(options: PlacementOptions): Promise<RunningPlacement> {
  const { folder, host, clock, random, logger, disk = systemDisk, member = SOLE_MEMBER } = options
  checkMembership(member)
  const changes = new Changes(clock)
  const onApplied = () => {
    changes.announce()
    seats?.onApplied()
  }
  const catalogOptions = { folder, host, disk, clock, membership: member, onApplied }
  const catalog = await ReplicatedCatalog.open(catalogOptions)
  const settings = { ...PLACEMENT_SETTINGS, ...options.settings }
  let memory: LeaderMemory | undefined
  let seats: SeatKeeper | undefined
  const leadership = new Leadership({
    host,
    group: CATALOG_GROUP,
    memberAt: (replica) => memberAt(member, catalog.state, replica),
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
    status: () => host.status(CATALOG_GROUP),
    settings,
    clock,
    logger,
    changes,
    reports: new Changes(clock),
    memory: () => assertDefined(memory, 'a leader has a memory'),
  }
  if (options.metrics !== undefined) exposeCluster(options.metrics, context)
  const file = await MemberFile.open(folder, disk, member)
  const stopping = new AbortController()
  const ways = options.meeting
  seats = new SeatKeeper({ context, host, setMembers: (places) => ways?.setMembers(places) })
  const giveSeat = (memberId: bigint) =>
    assertDefined(seats, 'seats are kept').give(memberId, deadlineAfter(clock, SEAT_TIMEOUT_MS))
  const meeting =
    ways && new Meeting({ membership: member, file, connect: ways.connect, clock, giveSeat })
  if (member.members.length === 1) {
    await catalog.join()
    await leadership.enter()
  } else {
    await joinOthers({ options, catalog, file, meeting, signal: stopping.signal })
  }
  const driver = new Driver(context, seats)
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

/** Joins the group: at once with data, else once the others have said how. */
async function joinOthers({ options, catalog, file, meeting, signal }: Joining): Promise<void> {
  const { meeting: ways, whenEmpty } = options
  const hasLog = ways?.log.load(CATALOG_GROUP) !== undefined
  if (meeting === undefined || ways === undefined || hasLog) {
    return file.state.hasBegun ? catalog.joinAs(file.state.replicaId) : begin(catalog, file)
  }
  const isLost = file.state.hasBegun || whenEmpty.kind === 'refuse'
  const joining = meeting.findPlace(isLost, signal).then(async (place) => {
    if (place.kind === 'begin') return begin(catalog, file)
    await catalog.forget()
    await file.change({ hasBegun: true, replicaId: place.replicaId })
    await catalog.joinAs(place.replicaId)
  })
  joining.catch((error) => {
    if (!signal.aborted) ways.onFatal(error)
  })
}

async function begin(catalog: ReplicatedCatalog, file: MemberFile): Promise<void> {
  await catalog.join()
  await file.change({ hasBegun: true })
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
