// The public protos as a descriptor set that still has the comments: generated code drops them, and
// the OpenAPI document is written from them.

import { readFileSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

// All files of vectron.v1 with what they import, in an order where imports come first.
export function publicFileSet(): FileDescriptorSet {
  const bytes = readFileSync(new URL('./gen/public.binpb', import.meta.url))
  return fromBinary(FileDescriptorSetSchema, bytes)
}
