/**
 * What the authenticator needs for each of its methods, in the words of this gateway: for telling
 * beforehand whether a key would be let in. The authenticator decides for itself; the access matrix
 * of the conformance tests fails where the two differ.
 */
import type { DescMethod } from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { auth } from '@vectron/contracts'
import type { Principal } from '@vectron/rpc'

type Need = 'nothing' | 'person' | 'key' | 'reader' | 'admin' | 'owner'

const NEEDS: Readonly<Record<string, Readonly<Record<string, Need>>>> = {
  'auth.v1.Accounts': {
    register: 'nothing',
    logIn: 'nothing',
    refresh: 'nothing',
    redeemSignInLink: 'nothing',
    logOut: 'person',
    getProfile: 'person',
    updateProfile: 'person',
    changePassword: 'person',
    deleteAccount: 'person',
  },
  'auth.v1.Projects': {
    createProject: 'person',
    listProjects: 'person',
    getProject: 'reader',
    updateProject: 'owner',
    deleteProject: 'owner',
    listMembers: 'reader',
    setMember: 'admin',
    removeMember: 'admin',
    getUsage: 'reader',
  },
  'auth.v1.ApiKeys': {
    createApiKey: 'admin',
    listApiKeys: 'admin',
    revokeApiKey: 'admin',
    rotateApiKey: 'admin',
  },
  'auth.v1.Tokens': { createToken: 'key', validateToken: 'nothing', getKeySet: 'nothing' },
}

const ROLES = { reader: auth.Role.READER, admin: auth.Role.ADMIN, owner: auth.Role.OWNER } as const

/** Whether the authenticator would let a key in. @throws VectronError FORBIDDEN */
export function checkKeyAtAuthenticator(method: DescMethod, key: Principal): void {
  const need = NEEDS[method.parent.typeName]?.[method.localName]
  switch (need) {
    case 'nothing':
    case 'key':
      return
    case undefined:
    case 'person':
      throw new VectronError('FORBIDDEN', 'An API key has no account; sign in.')
    case 'reader':
    case 'admin':
    case 'owner':
      checkMember(key, need)
  }
}

function checkMember({ role, scopes, rowRule }: Principal, need: keyof typeof ROLES): void {
  if (role < ROLES[need]) {
    const own = auth.Role[role].toLowerCase()
    throw new VectronError('FORBIDDEN', `This needs the role ${need}; the key has ${own}.`)
  }
  if (scopes.length === 0 && rowRule === '') return
  throw new VectronError(
    'FORBIDDEN',
    'A key that scopes or a row rule narrow does nothing here: those speak of collections alone.',
  )
}
