/** The door to one etcd member, over the gRPC client that the whole product uses. */

import { etcd } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import type { EtcdDoor } from './etcd-store.ts'

/** `endpoint` is `host:port`. */
export function connectEtcd(endpoint: string): EtcdDoor {
  const channel = new GrpcChannel(endpoint)
  return {
    kv: channel.client(etcd.KV),
    watch: channel.client(etcd.Watch),
    lease: channel.client(etcd.Lease),
    close: () => channel.close(),
  }
}
