/**
 * The settings of each process: their sections, defaults and units. docs/OPERATIONS.md shows them.
 *
 * Sections that mean the same in several processes are made here once.
 */
import {
  booleanSetting,
  type ConfigValues,
  choiceSetting,
  integerSetting,
  LIMITS,
  listSetting,
  patternSetting,
  stringSetting,
} from '@vectron/base'
import { PLACEMENT_SETTINGS as PLACEMENT_DEFAULTS } from '@vectron/placement-service'
import { ADDRESS_PATTERN, MEMBER_PATTERN } from './address.ts'

const GIB = 1024 ** 3
const PORT_MAX = 65_535
const OPTIONAL_ADDRESS_PATTERN = new RegExp(`^$|${ADDRESS_PATTERN.source}`)

const portSetting = (port: number, describe: string) =>
  integerSetting({
    default: port,
    min: 0,
    max: PORT_MAX,
    describe: `${describe}; 0 for any free one`,
  })

const hostSetting = (describe: string) => stringSetting({ default: '127.0.0.1', describe })

const advertiseSetting = () =>
  patternSetting({
    default: '',
    item: 'host:port',
    matches: OPTIONAL_ADDRESS_PATTERN,
    describe: 'host:port that others are told; empty: host and port',
  })

const nodeSection = {
  name: stringSetting({
    default: '',
    describe: 'name of this node in its log; empty: its service',
  }),
}

const grpcSection = (port: number, whom: string) => ({
  host: hostSetting(`address on which it listens for ${whom}`),
  port: portSetting(port, 'port of gRPC'),
  advertise: advertiseSetting(),
})

const MIB = 1024 ** 2

const raftSection = (port: number, whom: string) => ({
  host: hostSetting(`address on which it listens for ${whom}`),
  port: portSetting(port, 'port of Raft and of snapshots'),
  snapshotMibPerSecond: integerSetting({
    default: LIMITS.snapshotBytesPerSecond / MIB,
    min: 1,
    max: 65_536,
    describe: 'MiB of snapshots that it sends in a second, to all peers together',
  }),
})

const adminSection = (port: number) => ({
  host: hostSetting('address on which it listens for probes and metrics'),
  port: portSetting(port, 'port of /livez, /readyz and /metrics'),
})

const tlsSection = {
  cert: stringSetting({
    default: '',
    describe: 'PEM file of the certificate that this node shows to others; empty: no TLS',
  }),
  key: stringSetting({ default: '', describe: 'PEM file of its private key' }),
  ca: stringSetting({
    default: '',
    describe: 'PEM file of the authority that signed the certificates of all nodes',
  }),
}

const trustSection = {
  secretFile: stringSetting({
    default: '.vectron/cluster.secret',
    describe:
      'without TLS: file of the secret by which the processes of this machine know each other; made when absent',
  }),
}

const placementSection = {
  members: listSetting({
    default: ['127.0.0.1:6190'],
    item: 'host:port',
    matches: ADDRESS_PATTERN,
    countMin: 1,
    describe: 'gRPC addresses of the members of placement; some are enough',
  }),
}

const reserveSetting = integerSetting({
  default: 2 * LIMITS.diskReserveBytes,
  min: LIMITS.diskReserveBytes,
  max: 1024 * GIB,
  describe: 'free bytes of the disk below which writes are refused',
})

const dataSection = {
  folder: stringSetting({ default: '.vectron', describe: 'where the data lies' }),
}

const logSection = (level: 'info' | 'warn') => ({
  level: choiceSetting({
    default: level,
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    describe: 'least level of log lines written to standard error',
  }),
})

export const ENGINE_SECTION = {
  searchThreads: integerSetting({
    default: 0,
    min: 0,
    max: 1024,
    describe: 'threads that answer searches; 0 for one each core',
  }),
  indexThreads: integerSetting({
    default: 0,
    min: 0,
    max: 1024,
    describe: 'threads that put points into graphs; 0 for one each core',
  }),
  tailPointsMax: integerSetting({
    default: LIMITS.tailPointsMax,
    min: 1000,
    max: 100_000_000,
    describe: 'points that may wait for the graph before writes slow down',
  }),
}

const slowQueriesSection = {
  thresholdMs: integerSetting({
    default: LIMITS.slowQueryMsDefault,
    min: 0,
    max: 3_600_000,
    describe:
      'milliseconds from which a search or read is kept and logged as slow; 0: every one is',
  }),
}

const tracingSection = {
  endpoint: patternSetting({
    default: '',
    item: 'http://host:port or https://host:port, or nothing',
    matches: /^$|^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    describe:
      'OTLP/HTTP collector of traces; empty: that of OTEL_EXPORTER_OTLP_ENDPOINT, or no traces',
  }),
  samplePercent: integerSetting({
    default: 100,
    min: 0,
    max: 100,
    describe: 'of the traces that begin here, how many are sent; callers decide on theirs',
  }),
}

/** Where identity lives, and who may make accounts. */
const identitySections = {
  store: {
    kind: choiceSetting({
      default: 'embedded',
      choices: ['embedded', 'etcd'],
      describe: 'where accounts and keys are kept: a file of the data folder, or etcd',
    }),
    etcdEndpoints: listSetting({
      default: ['127.0.0.1:2379'],
      item: 'host:port',
      matches: ADDRESS_PATTERN,
      describe: 'members of the etcd cluster, with store.kind = "etcd"',
    }),
    etcdPrefix: stringSetting({
      default: '/vectron/auth/',
      describe: 'prefix of the keys in etcd; the same for all instances of a cluster',
    }),
    etcdTls: choiceSetting({
      default: 'off',
      choices: ['off', 'on'],
      describe: 'whether etcd is spoken to over TLS',
    }),
    etcdCa: stringSetting({
      default: '',
      describe: "PEM file of the authority of etcd's certificates; empty: those of the system",
    }),
    etcdCert: stringSetting({
      default: '',
      describe: 'PEM file of the certificate to show to etcd; empty: none',
    }),
    etcdKey: stringSetting({ default: '', describe: 'PEM file of the key of this certificate' }),
    masterKeyFile: stringSetting({
      default: '',
      describe:
        'file of the key that seals signing keys; the same for all instances; empty: made in the data folder',
    }),
  },
  accounts: {
    registration: choiceSetting({
      default: 'open',
      choices: ['open', 'closed'],
      describe: 'whether strangers may make accounts',
    }),
    issuer: stringSetting({
      default: 'vectron',
      describe: 'who issues tokens; the same for all instances, differs between clusters',
    }),
  },
} as const

const httpSection = (port: number, protocols: string) => ({
  host: hostSetting(`address on which it listens for clients: ${protocols}`),
  port: portSetting(port, 'port of HTTP/JSON'),
  corsOrigins: listSetting({
    default: [],
    item: 'https://host or http://host:port, without a path',
    matches: /^https?:\/\/[^\s/?#@*]+$/,
    describe: 'origins of web pages that may call, as browsers send them; empty: none but its own',
  }),
})

const publicSections = {
  http: httpSection(6180, 'HTTP and gRPC'),
  grpc: { port: portSetting(6181, 'port of gRPC') },
}

const consoleSection = {
  serve: booleanSetting({
    default: true,
    describe: 'whether the console is served at the HTTP port, with its sign-in',
  }),
  folder: stringSetting({
    default: '',
    describe: 'folder of the built console; empty: the one that was built with this Vectron',
  }),
}

/** What clients may take of a gateway; see "Hostile clients" in docs/OPERATIONS.md. */
const clientLimitSettings = {
  connections: integerSetting({
    default: LIMITS.connectionsMax,
    min: 1,
    max: 1_000_000,
    describe: 'open connections of clients, to the HTTP port and to the gRPC port each',
  }),
  connectionsPerAddress: integerSetting({
    default: LIMITS.connectionsPerAddressMax,
    min: 1,
    max: 1_000_000,
    describe:
      'the same of one address (of one /64 in IPv6); behind a load balancer, as many as connections',
  }),
  bodiesMib: integerSetting({
    default: LIMITS.bodiesInFlightBytesMax / MIB,
    min: 64,
    max: 1024 * 1024,
    describe: 'MiB of the bodies of all requests under way, compressed ones as they unfold',
  }),
  queueMs: integerSetting({
    default: 500,
    min: 10,
    max: 600_000,
    describe:
      'milliseconds that a request may be expected to wait for others; beyond, new ones are refused',
  }),
}

/** What a gateway remembers of its answers. */
const cacheSettings = {
  mib: integerSetting({
    default: 64,
    min: 0,
    max: 1024 * 1024,
    describe: 'MiB of answers to searches that are kept for who asks the same; 0: none',
  }),
  eventualAgeMs: integerSetting({
    default: 1000,
    min: 0,
    max: 60_000,
    describe: 'milliseconds that a search of consistency "eventual" lets a kept answer be old',
  }),
}

/** What reranks, in a reranker of its own or in the one process. */
const rerankSection = {
  cacheMib: integerSetting({
    default: 64,
    min: 0,
    max: 65_536,
    describe: 'MiB of results of costly strategies that are kept for equal requests; 0 for none',
  }),
  models: stringSetting({
    default: '',
    describe:
      'folder of the models of the strategy linear, made by vectron rerank train; empty: none',
  }),
  onnxModel: stringSetting({
    default: '',
    describe:
      'folder of the cross-encoder of the strategy onnx, with its model.onnx and tokenizer.json; empty: none',
  }),
  httpEndpoint: patternSetting({
    default: '',
    item: 'an http or https URL',
    matches: /^$|^https?:\/\/[^\s@]+$/,
    describe: "URL of a service with Cohere's protocol, for the strategy http; empty: none",
  }),
  httpModel: stringSetting({ default: '', describe: 'model that this service is asked for' }),
  httpKey: stringSetting({
    default: '',
    describe: 'its key, sent as a bearer token; better by the environment than in a file',
    secret: true,
  }),
}

/** All parts in one process: `vectron start`. */
export const STANDALONE_SETTINGS = {
  ...publicSections,
  console: consoleSection,
  slowQueries: slowQueriesSection,
  limits: clientLimitSettings,
  cache: cacheSettings,
  ...identitySections,
  data: { ...dataSection, reserveBytes: reserveSetting },
  engine: ENGINE_SECTION,
  tracing: tracingSection,
  rerank: rerankSection,
  log: logSection('warn'),
} as const

export const PLACEMENT_SETTINGS = {
  node: nodeSection,
  cluster: {
    name: stringSetting({
      default: 'vectron',
      describe: 'name of the cluster; members of another name are refused',
    }),
    member: integerSetting({
      default: 1,
      min: 1,
      max: 5,
      describe: 'which of the members this is; never changes',
    }),
    members: listSetting({
      default: [],
      item: 'member@host:grpcPort/raftPort',
      matches: MEMBER_PATTERN,
      describe: 'all members of placement, the same on each; empty: this one alone',
    }),
  },
  grpc: {
    host: hostSetting('address on which it listens for workers and gateways'),
    port: portSetting(6190, 'port of gRPC'),
  },
  raft: raftSection(6191, 'the other members of placement'),
  admin: adminSection(6192),
  tls: tlsSection,
  trust: trustSection,
  driver: {
    silentMs: integerSetting({
      default: PLACEMENT_DEFAULTS.silentMs,
      min: 500,
      max: 3_600_000,
      describe: 'milliseconds without a heartbeat after which a worker gets nothing new',
    }),
    deadMs: integerSetting({
      default: PLACEMENT_DEFAULTS.deadMs,
      min: 1000,
      max: 86_400_000,
      describe: 'milliseconds without a heartbeat after which its replicas are rebuilt elsewhere',
    }),
  },
  data: dataSection,
  tracing: tracingSection,
  log: logSection('info'),
} as const

export const WORKER_SETTINGS = {
  node: {
    ...nodeSection,
    zone: stringSetting({
      default: '',
      describe: 'zone or rack; replicas of a shard are spread over zones',
    }),
  },
  placement: placementSection,
  grpc: grpcSection(6200, 'gateways'),
  raft: { ...raftSection(6201, 'other workers'), advertise: advertiseSetting() },
  admin: adminSection(6202),
  tls: tlsSection,
  trust: trustSection,
  data: { ...dataSection, reserveBytes: reserveSetting },
  engine: ENGINE_SECTION,
  tracing: tracingSection,
  log: logSection('info'),
} as const

export const AUTH_SETTINGS = {
  node: nodeSection,
  ...identitySections,
  http: httpSection(6211, 'HTTP'),
  grpc: grpcSection(6210, 'gateways'),
  admin: adminSection(6212),
  tls: tlsSection,
  trust: trustSection,
  data: dataSection,
  tracing: tracingSection,
  log: logSection('info'),
} as const

export const GATEWAY_SETTINGS = {
  node: nodeSection,
  console: consoleSection,
  demo: {
    folder: stringSetting({
      default: '',
      describe:
        'folder of the cluster that `vectron cluster start` made, and wrote this: operators may ' +
        'kill and start its nodes, on a loopback address; empty: none may',
    }),
  },
  slowQueries: slowQueriesSection,
  audit: {
    file: stringSetting({
      default: '',
      describe: 'file of the audit log: who changed what; empty for none',
    }),
  },
  limits: {
    ...clientLimitSettings,
    gateways: integerSetting({
      default: 0,
      min: 0,
      max: 1000,
      describe:
        'gateways that share the load, each allowing its share of what a plan allows; 0: as many as placement hears of',
    }),
  },
  cache: cacheSettings,
  redis: {
    address: patternSetting({
      default: '',
      item: 'host:port',
      matches: OPTIONAL_ADDRESS_PATTERN,
      describe:
        'a Redis or Valkey in which all gateways count requests and keep answers for each other; empty: none',
    }),
    user: stringSetting({ default: '', describe: 'user of it; empty: its default user' }),
    password: stringSetting({
      default: '',
      describe: 'password of that user; better by the environment than in a file',
      secret: true,
    }),
    tls: choiceSetting({
      default: 'off',
      choices: ['off', 'on'],
      describe: 'whether it is reached over TLS',
    }),
    ca: stringSetting({
      default: '',
      describe: "PEM file of the authority of its certificate; empty: the system's",
    }),
    prefix: stringSetting({
      default: 'vectron:',
      describe: 'before every key; the same for all gateways of a cluster',
    }),
  },
  ...publicSections,
  placement: placementSection,
  auth: {
    addresses: listSetting({
      default: ['127.0.0.1:6210'],
      item: 'host:port',
      matches: ADDRESS_PATTERN,
      countMin: 1,
      describe:
        'gRPC addresses of the instances of the authenticator; one after the other is asked',
    }),
  },
  admin: adminSection(6182),
  tls: tlsSection,
  trust: trustSection,
  tracing: tracingSection,
  log: logSection('info'),
} as const

export const RERANKER_SETTINGS = {
  node: nodeSection,
  placement: placementSection,
  grpc: grpcSection(6220, 'gateways'),
  admin: adminSection(6221),
  rerank: rerankSection,
  tls: tlsSection,
  trust: trustSection,
  tracing: tracingSection,
  log: logSection('info'),
} as const

export type StandaloneConfig = ConfigValues<typeof STANDALONE_SETTINGS>
export type PlacementConfig = ConfigValues<typeof PLACEMENT_SETTINGS>
export type WorkerConfig = ConfigValues<typeof WORKER_SETTINGS>
export type AuthConfig = ConfigValues<typeof AUTH_SETTINGS>
export type RerankerConfig = ConfigValues<typeof RERANKER_SETTINGS>
export type GatewayConfig = ConfigValues<typeof GATEWAY_SETTINGS>
