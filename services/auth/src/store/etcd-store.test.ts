import { after, type TestContext } from 'node:test'
import { sleep, systemClock } from '@vectron/base'
import { type EtcdCluster, startEtcd } from '@vectron/testkit'
import { connectEtcd } from './connect-etcd.ts'
import { testCredentialStore } from './credential-store.contract.ts'
import type { CredentialStore } from './credential-store.ts'
import { openEtcdStore } from './etcd-store.ts'

let shared: Promise<EtcdCluster> | undefined
const endings: (() => unknown)[] = []
/** One member for the whole file; each test has a prefix of its own. */
const suite = { after: (ending: () => unknown) => endings.push(ending) }
after(async () => {
  for (const ending of endings) await ending()
})

let prefixes = 0

async function openOn(cluster: EtcdCluster, t: TestContext): Promise<CredentialStore> {
  const store = openEtcdStore({
    endpoints: cluster.endpoints,
    prefix: `/test/${++prefixes}/`,
    connect: connectEtcd,
    clock: systemClock,
  })
  t.after(() => store.close())
  return store
}

testCredentialStore({
  name: 'etcd',
  open: async (t) => {
    shared ??= startEtcd(suite)
    return openOn(await shared, t)
  },
  passTime: (ms) => sleep(systemClock, ms),
})
