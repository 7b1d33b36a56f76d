/** A cluster of real processes on this machine: made, started, broken and watched. */

export type { ClusterFile } from './cluster-file.ts'
export { clusterSecretPath, type PlannedNode } from './cluster-plan.ts'
export { type ClusterView, ClusterViewer, type NodeView, type ShardView } from './cluster-view.ts'
export { DemoNodes } from './demo-nodes.ts'
export { LocalCluster } from './local-cluster.ts'
export { shortLine } from './ready-line.ts'
