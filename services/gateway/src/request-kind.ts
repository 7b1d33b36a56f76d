/** What kind of work a request is: for what is counted by kind, and where kinds wait apart. */
import type { DescMethod } from '@bufbuild/protobuf'

export type RequestKind = 'search' | 'read' | 'write' | 'manage'

const kinds = new WeakMap<DescMethod, RequestKind>()

export function kindOf(method: DescMethod): RequestKind {
  let kind = kinds.get(method)
  if (kind === undefined) {
    kind = findKind(method)
    kinds.set(method, kind)
  }
  return kind
}

function findKind({ parent, localName }: DescMethod): RequestKind {
  switch (parent.typeName) {
    case 'vectron.v1.Search':
      return 'search'
    case 'vectron.v1.Points':
      return /^(get|batchGet|scroll|count|facet)/.test(localName) ? 'read' : 'write'
    case 'vectron.v1.Feedback':
      return 'write'
    default:
      return 'manage'
  }
}
