/** The door to one etcd member, over the gRPC client that the whole product uses. */

import { etcd } from '@vectron/contracts'
import { GrpcChannel, type HostTls } from '@vectron/rpc'
import type { EtcdDoor } from './etcd-store.ts'

/** `endpoint` is `host:port`. `tls` is asked for each connection; left out: none. */
export function connectEtcd(endpoint: string, tls?: () => HostTls): EtcdDoor {
  const channel = new GrpcChannel(endpoint, { hostTls: tls })
  return {
    kv: channel.client(etcd.KV),
    watch: channel.client(etcd.Watch),
    lease: channel.client(etcd.Lease),
    close: () => channel.close(),
  }
}
