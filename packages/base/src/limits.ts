/**
 * Every limit of the product, with its unit and the reason for it.
 *
 * A limit that a caller can meet is named in the error that reports it. Limits of one process that
 * an operator may change have their default here and their key in the configuration.
 */

const KIB = 1024
const MIB = 1024 * KIB

export const LIMITS = {
  // Names and shapes.
  /** Characters of a collection's name: fits a folder name and a URL segment. */
  collectionNameCharsMax: 128,
  /** Bytes of a collection's description: shown in lists. */
  descriptionBytesMax: 4 * KIB,
  /** Components of a vector: the largest embedding models in use give 4,096 to 8,192. */
  dimensionMax: 8192,
  /** Bytes of a point's id: long enough for a URL, short enough to be a key of the store. */
  idBytesMax: 512,
  /** Bytes of one payload as JSON text: a record, not a document store. */
  payloadBytesMax: 1 * MIB,
  /** Levels of objects and arrays in a payload. */
  payloadDepthMax: 32,
  /** Declared fields of a payload schema. */
  schemaFieldsMax: 256,
  /** Bytes of a payload field's path, dots included. */
  fieldPathBytesMax: 256,
  /** Paths of payload fields that a search names to return them, or not. */
  payloadFieldsMax: 256,
  /** Bytes of a text to embed: longer texts are cut into points by the caller. */
  textBytesMax: 64 * KIB,

  /** Shards of one collection: each costs a Raft group, a store and a part of every search. */
  shardsPerCollectionMax: 1024,
  /** Aliases of one project: a few for each collection; every gateway holds them all. */
  aliasesPerProjectMax: 1000,
  /** Actions on aliases of one request: they are one entry of placement's log. */
  aliasActionsMax: 100,
  /** Replicas of one shard: nine survive the loss of four. */
  replicationFactorMax: 9,
  /** Search-only replicas of one shard: its leader sends each of them every write. */
  searchReplicasMax: 16,

  // Batches and pages.
  /** Points of one upsert, ids of one get or delete. */
  batchPointsMax: 10_000,
  /** Searches of one batch. */
  batchSearchesMax: 1000,
  /** Results of one search: beyond it, scroll. */
  topKMax: 10_000,
  topKDefault: 10,
  /** Groups of one search: each that is not full is asked for by a query of its own. */
  groupsMax: 1000,
  groupSizeMax: 100,
  groupSizeDefault: 3,
  /** Times that shards are asked for more groups: each time may find but one. */
  groupRoundsMax: 20,
  /** Searches that are fused to one. */
  fusedLegsMax: 16,
  /** Results of each that count when nobody says. */
  fusedTopKDefault: 100,
  rankConstantMax: 10_000,
  /** Examples of a recommendation: each costs a read of a vector. */
  recommendExamplesMax: 100,
  /** Points of one page of a scroll. */
  scrollPageMax: 10_000,
  scrollPageDefault: 100,
  /** Values of one facet: as many as a person looks at. */
  facetValuesMax: 1000,
  facetValuesDefault: 10,
  /** Collections of one page. */
  collectionsPageMax: 1000,
  collectionsPageDefault: 100,
  /** Entries of the audit log of one page. */
  auditPageMax: 500,
  auditPageDefault: 100,
  /** Bytes of an audit log that are read for one page: a tenth of a second of a slow disk. */
  auditPageBytesMax: 16 * MIB,
  /** Batches of one upsert stream that may wait for their acknowledgement. */
  streamBatchesInFlightMax: 8,
  /** Bytes of the batches of all upsert streams of a gateway that are under way. */
  streamBytesInFlightMax: 64 * MIB,

  /** Bytes of an idempotency key: a UUID, or a sentence that names the request. */
  idempotencyKeyBytesMax: 128,

  // Filters.
  /** Levels of nested filters. */
  filterDepthMax: 16,
  /** Conditions of one filter, nested ones included. */
  filterConditionsMax: 1024,
  /** Values of all match_any, contains and has_id lists of one filter. */
  filterValuesMax: 65_536,

  // Searches.
  /** Time a search may take when the caller names none, milliseconds. */
  searchTimeoutMsDefault: 10_000,
  searchTimeoutMsMax: 60_000,
  /** Time any other request may take when the caller names none, milliseconds. */
  requestTimeoutMsDefault: 30_000,
  /** Recall aimed at. Above .999 an exact search costs less. */
  targetRecallMin: 0.8,
  targetRecallMax: 0.999,
  targetRecallDefault: 0.98,

  /** Milliseconds from which a search or read counts as slow. */
  slowQueryMsDefault: 500,
  /** Slow queries that a gateway remembers, the newest, and bytes of all of them. */
  slowQueriesKept: 500,
  slowQueriesBytesMax: 1 * MIB,
  /** Bytes of a filter's text that are kept of a slow query. */
  slowQueryFilterBytesMax: 4 * KIB,

  // Reranking.
  /** Candidates of one search that are reranked: each crosses to the reranker with its payload. */
  rerankCandidatesMax: 1000,
  rerankCandidatesDefault: 100,
  /** Bytes of the parameters of a strategy: every gateway keeps the presets of all collections. */
  rerankParametersBytesMax: 16 * KIB,
  /** Presets of one collection. */
  rerankPresetsMax: 32,
  /** Entries of one request of feedback. */
  feedbackEntriesMax: 1000,
  /** Grade of a perfect result. */
  feedbackGradeMax: 4,

  // Calls.
  /** Bytes of one HTTP body or gRPC message; 10,000 points of 768 dimensions as f32 are 30 MiB. */
  bodyBytesMax: 32 * MIB,
  /**
   * Bytes of one request of accounts, projects, keys and tokens, and of what is open to everybody:
   * strangers must not make a server inflate and parse megabytes.
   */
  openRequestBytesMax: 256 * KIB,
  /** Bytes of empty lines between two messages of a stream of lines. */
  blankLinesBytesMax: 64 * KIB,
  /** Bytes that a compressed body may grow to. */
  inflatedBodyBytesMax: 64 * MIB,
  /**
   * Bytes of one message between services: the shortest JSON of a component, "1,", becomes four
   * bytes, so an inflated body may double.
   */
  internalMessageBytesMax: 144 * MIB,
  /** Levels of any JSON body: above payloadDepthMax plus what wraps it. */
  jsonDepthMax: 64,
  /** Bytes of all header fields of one request; Node's own default. */
  headerBytesMax: 16 * KIB,
  /** Milliseconds for the header to arrive: a slow sender must not hold a socket. */
  headersTimeoutMs: 10_000,
  /** Milliseconds without a byte after which a body that is awaited is given up. */
  bodySilenceMs: 20_000,
  /** Milliseconds without a byte between the messages of a stream: its caller may have a pause. */
  streamSilenceMs: 120_000,
  /** Bytes a second of a body while it is awaited, on average: below, it is a slow attack. */
  bodyBytesPerSecondMin: 1024,
  /** Milliseconds of waiting for a body before its pace is judged. */
  bodyPaceGraceMs: 10_000,
  /** Milliseconds in which the rest of a request that was answered early is still taken in. */
  drainMs: 10_000,
  /** Bytes of the bodies and messages of all callers that arrive or wait for their answer. */
  bodiesInFlightBytesMax: 512 * MIB,
  /** The same between services, whose messages are larger. */
  internalBodiesInFlightBytesMax: 1024 * MIB,
  /** Open connections of one port; a socket costs some 20 KiB. */
  connectionsMax: 8192,
  /** Open connections of one address: half of a port's would lock out all others. */
  connectionsPerAddressMax: 1024,
  /** Connections that wait to be taken; beyond, the kernel lets clients try again in a second. */
  connectionBacklog: 4096,
  /** Calls of one HTTP/2 connection at a time; more wait at the client. */
  streamsPerConnectionMax: 1000,
  /** Calls that a connection may cancel at once, and then in a second (CVE-2023-44487). */
  publicResets: { burst: 500, perSecond: 100 },
  /** The same between services: gateways give up on the slower of two replicas all day. */
  internalResets: { burst: 20_000, perSecond: 10_000 },
  /** SETTINGS frames of a connection at once, and then in a second: clients send one or two. */
  settingsFrames: { burst: 100, perSecond: 10 },
  /** PING frames of a connection: some clients measure the line with one a round trip. */
  pingFrames: { burst: 5000, perSecond: 1000 },
  /** Bytes of a caller's x-request-id; longer ones are replaced. */
  requestIdBytesMax: 128,

  // Raft (section 7 of the design). raft-rs leaves all of them unlimited by default.
  /** Milliseconds of one tick of the logical clock. */
  raftTickMs: 100,
  /** Ticks between heartbeats (docs/decisions/0021-idle-shards.md). */
  raftHeartbeatTicks: 5,
  /** Least ticks without a leader before an election; each timeout lies in [15, 30). */
  raftElectionTicks: 15,
  /** Bytes of entries in one append message. */
  raftMessageBytesMax: 256 * KIB,
  /** Append messages on the way to one follower; each proposal of one poll counts as one. */
  raftInflightMessagesMax: 256,
  /** Bytes of one group's entries proposed and not yet committed: then proposals are refused. */
  raftUncommittedBytesMax: 64 * MIB,
  /** Bytes of committed entries that one poll hands out for each group. */
  raftCommittedBytesPerPollMax: 4 * MIB,
  /** Bytes of applied entries in memory for a group's lagging followers; older ones are read. */
  raftCachedBytesMax: 1 * MIB,
  /** Bytes of writes of one process between admission and acknowledgement. */
  writesInFlightBytesMax: 128 * MIB,
  /** Bytes of one frame between hosts: above bodyBytesMax, since an entry travels whole. */
  peerFrameBytesMax: 64 * MIB,
  /** Bytes of frames that wait for one peer; it gets them again by Raft when they are dropped. */
  peerQueueBytesMax: 64 * MIB,
  /** Bytes of snapshots that one process sends in a second: a 1 Gbit/s line, all in all. */
  snapshotBytesPerSecond: 128 * MIB,

  // Shards.
  /** Points that may wait for the graph before writes slow down; they are scanned exactly. */
  tailPointsMax: 500_000,
  /** Bytes of one shard's snapshot, 1 TiB: another node's word is not believed without end. */
  snapshotBytesMax: 1024 * 1024 * MIB,
  /** Free bytes below which writes are refused: deletes and checkpoints need room to work. */
  diskReserveBytes: 64 * MIB,
} as const
