/**
 * The authenticator: API keys, made, listed, revoked and validated. One SQLite file; no user
 * accounts yet.
 */

export { createKeyText, type KeyEnvironment, type ParsedKey, parseKey } from './api-key.ts'
export { authHandlers } from './auth-service.ts'
export {
  type CreatedKey,
  type CreateKeyOptions,
  type KeyStore,
  type ListedKey,
  openKeyStore,
} from './key-store.ts'
