/**
 * The comments of the public protos, by the full name of what they stand on.
 *
 * Generated code has no comments, so they come from the descriptor set that is written beside it.
 */
import type {
  DescriptorProto,
  EnumDescriptorProto,
  FileDescriptorProto,
} from '@bufbuild/protobuf/wkt'
import { publicFileSet } from '@vectron/contracts'

/** Comments by full name: `vectron.v1.Point`, `vectron.v1.Point.id`, `vectron.v1.Search.Search`. */
export type Comments = ReadonlyMap<string, string>

// Field numbers of descriptor.proto: the steps of a path to a commented element.
const FILE = { message: 4, enum: 5, service: 6 } as const
const MESSAGE = { field: 2, message: 3, enum: 4 } as const
const ENUM_VALUE = 2
const SERVICE_METHOD = 2

/** Reads all comments of the public protos. */
export function readComments(): Comments {
  const comments = new Map<string, string>()
  for (const file of publicFileSet().file) addFile(file, comments)
  return comments
}

/** Adds the comment at a path under a name. */
type Note = (path: readonly number[], name: string) => void

function addFile(file: FileDescriptorProto, comments: Map<string, string>): void {
  const byPath = new Map<string, string>()
  for (const { path, leadingComments, trailingComments } of file.sourceCodeInfo?.location ?? []) {
    const text = leadingComments || trailingComments
    if (text !== '') byPath.set(path.join(), tidy(text))
  }
  const note: Note = (path, name) => {
    const text = byPath.get(path.join())
    if (text !== undefined) comments.set(name, text)
  }
  const scope = file.package
  for (const [i, message] of file.messageType.entries()) {
    addMessage(message, [FILE.message, i], `${scope}.${message.name}`, note)
  }
  for (const [i, each] of file.enumType.entries()) {
    addEnum(each, [FILE.enum, i], `${scope}.${each.name}`, note)
  }
  for (const [i, service] of file.service.entries()) {
    const name = `${scope}.${service.name}`
    note([FILE.service, i], name)
    for (const [j, method] of service.method.entries()) {
      note([FILE.service, i, SERVICE_METHOD, j], `${name}.${method.name}`)
    }
  }
}

function addMessage(message: DescriptorProto, path: number[], name: string, note: Note): void {
  note(path, name)
  for (const [i, field] of message.field.entries()) {
    note([...path, MESSAGE.field, i], `${name}.${field.name}`)
  }
  for (const [i, nested] of message.nestedType.entries()) {
    addMessage(nested, [...path, MESSAGE.message, i], `${name}.${nested.name}`, note)
  }
  for (const [i, nested] of message.enumType.entries()) {
    addEnum(nested, [...path, MESSAGE.enum, i], `${name}.${nested.name}`, note)
  }
}

function addEnum(desc: EnumDescriptorProto, path: number[], name: string, note: Note): void {
  note(path, name)
  for (const [i, value] of desc.value.entries()) {
    note([...path, ENUM_VALUE, i], `${name}.${value.name}`)
  }
}

/** One paragraph; the protos break lines where their width ends. */
function tidy(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
