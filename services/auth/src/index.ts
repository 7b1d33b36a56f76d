/**
 * The authenticator: accounts, projects, API keys, plans and tokens, on etcd or on one SQLite file.
 * See DESIGN.md.
 */

export { createKeyText, type KeyEnvironment, type ParsedKey, parseKey } from './api-key.ts'
export type { CreatedKey } from './api-keys.ts'
export { type AuthOptions, adoptOldKeys, openAuth, type RunningAuth } from './open-auth.ts'
export { openMasterKey } from './sealed-secret.ts'
export { connectEtcd } from './store/connect-etcd.ts'
export type { CredentialStore } from './store/credential-store.ts'
export { openEtcdStore } from './store/etcd-store.ts'
export { openSqliteStore } from './store/sqlite-store.ts'
