/**
 * What views of the cluster said over the last hour, as figures: for charts. Kept while this page
 * of the browser is open, whichever page of the console is shown; Prometheus keeps it for longer.
 */
import type { ClusterView, RequestLoad, WorkerInfo } from '@vectron/client'

export interface Sample {
  /** Seconds since the epoch. */
  readonly time: number
  readonly requests: Readonly<Partial<Record<RequestLoad['kind'], RequestLoad>>>
  /** 0 to 1; undefined where no search could be answered from there. */
  readonly cacheHitShare: number | undefined
  readonly nodes: readonly NodeSample[]
}

/** Of one worker, or of the gateway that answers. */
export interface NodeSample {
  readonly name: string
  /** Entries that its replicas lack of their leaders' logs; undefined in views without shards. */
  readonly lag: number | undefined
  readonly replicaBytes: number | undefined
  readonly cpuCores: number
  readonly memoryBytes: number
}

/** An hour of a view each second. */
const SAMPLES_MAX = 3600

export class ClusterHistory {
  #samples: readonly Sample[] = []

  /** Oldest first; another array after each change. */
  get samples(): readonly Sample[] {
    return this.#samples
  }

  add(view: ClusterView): void {
    const sample = sampleOf(view)
    // Streams that are opened anew may tell of a moment that is known.
    if (sample.time <= (this.#samples.at(-1)?.time ?? 0)) return
    this.#samples = [...this.#samples.slice(1 - SAMPLES_MAX), sample]
  }
}

/** Of this page of the browser. */
export const clusterHistory = new ClusterHistory()

function sampleOf({ time, load, workers, shards }: ClusterView): Sample {
  const lags = new Map<unknown, number>()
  for (const { workerId, lag } of shards.flatMap(({ replicas }) => replicas)) {
    lags.set(workerId, (lags.get(workerId) ?? 0) + lag)
  }
  return {
    time: Date.parse(time) / 1000,
    requests: Object.fromEntries(load.requests.map((one) => [one.kind, one])),
    cacheHitShare:
      load.cacheLookupsPerSecond === 0
        ? undefined
        : load.cacheHitsPerSecond / load.cacheLookupsPerSecond,
    nodes: [
      ...workers.filter(isHeardOf).map(({ workerId, replicaBytes, cpuCores, memoryBytes }) => ({
        name: `worker ${workerId}`,
        lag: shards.length === 0 ? undefined : (lags.get(workerId) ?? 0),
        replicaBytes,
        cpuCores,
        memoryBytes,
      })),
      {
        name: load.gateway,
        lag: undefined,
        replicaBytes: undefined,
        cpuCores: load.cpuCores,
        memoryBytes: load.memoryBytes,
      },
    ],
  }
}

/** What a worker said last before it fell silent is not how it is now. */
function isHeardOf({ state }: WorkerInfo): boolean {
  return state === 'up' || state === 'draining'
}
