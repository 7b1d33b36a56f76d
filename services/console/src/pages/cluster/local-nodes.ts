/** Which process of this machine a member of the cluster is. */
import type { LocalNode } from '@vectron/client'

/** undefined: none that may be killed and started here. */
export function nodeAt(nodes: readonly LocalNode[], address: string): LocalNode | undefined {
  return nodes.find((node) => node.address === address)
}
