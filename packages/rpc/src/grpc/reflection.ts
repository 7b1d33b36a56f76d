/**
 * The standard reflection services (v1 and v1alpha): tools read our descriptors from a running
 * server.
 *
 * Both versions have the same messages under other names, so v1 serves v1alpha as its shadow.
 * Shadows are never shown: callers see the public descriptors.
 */
import {
  type DescFile,
  type DescService,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { GRPC_CODES } from '@vectron/base'
import { grpcReflection, grpcReflectionAlpha } from '@vectron/contracts'
import {
  type BoundService,
  bindService,
  bindShadowedService,
  type ServiceHandlers,
} from '../service.ts'

type Question = grpcReflection.ServerReflectionRequest['messageRequest']
type Answer = NonNullable<
  MessageInitShape<typeof grpcReflection.ServerReflectionResponseSchema>['messageResponse']
>

const v1 = grpcReflection.ServerReflection
const v1alpha = grpcReflectionAlpha.ServerReflection

/** The reflection services for a server of `services`. */
export function reflectionServices(services: readonly BoundService[]): BoundService[] {
  const all = [...services.map((service) => service.desc), v1, v1alpha]
  const catalog = new DescriptorCatalog(all)
  const handlers: ServiceHandlers<typeof v1> = {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = catalog.answer(request.messageRequest)
        yield { validHost: request.host, originalRequest: request, messageResponse }
      }
    },
  }
  return [bindService(v1, handlers), bindShadowedService({ open: v1alpha, shadow: v1 }, handlers)]
}

/** Answers questions about files, symbols and services. */
class DescriptorCatalog {
  readonly #services: readonly string[]
  readonly #files = new Map<string, DescFile>()
  readonly #fileOfSymbol = new Map<string, DescFile>()

  constructor(services: readonly DescService[]) {
    this.#services = services.map((service) => service.typeName)
    for (const service of services) this.#addFile(service.file)
  }

  answer(question: Question): Answer {
    switch (question.case) {
      case 'listServices': {
        const service = this.#services.map((name) => ({ name }))
        return { case: 'listServicesResponse', value: { service } }
      }
      case 'fileByFilename':
        return withImports(this.#files.get(fileKey(question.value)), question.value)
      case 'fileContainingSymbol':
        return withImports(this.#findSymbol(question.value), question.value)
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = question.value
        return notFound(`extension ${extensionNumber} of ${containingType}`)
      }
      case 'allExtensionNumbersOfType':
        return notFound(`extensions of ${question.value}`)
      case undefined:
        return failure(GRPC_CODES.INVALID_ARGUMENT, 'The request asks for nothing.')
    }
  }

  /** Symbols below a message or service (a field, a method) are in the file of what holds them. */
  #findSymbol(name: string): DescFile | undefined {
    for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const file = this.#fileOfSymbol.get(at)
      if (file !== undefined) return file
    }
    return undefined
  }

  #addFile(file: DescFile): void {
    if (this.#files.has(file.name)) return
    this.#files.set(file.name, file)
    for (const { typeName } of [...file.messages, ...file.enums, ...file.services]) {
      this.#fileOfSymbol.set(typeName, file)
    }
    for (const { typeName } of file.extensions) this.#fileOfSymbol.set(typeName, file)
    for (const dependency of file.dependencies) this.#addFile(dependency)
  }
}

/** Descriptors name files without their `.proto`. */
function fileKey(fileName: string): string {
  return fileName.replace(/\.proto$/, '')
}

function withImports(file: DescFile | undefined, asked: string): Answer {
  if (file === undefined) return notFound(asked)
  const files = new Set<DescFile>()
  const add = (each: DescFile) => {
    if (files.has(each)) return
    files.add(each)
    for (const dependency of each.dependencies) add(dependency)
  }
  add(file)
  const fileDescriptorProto = [...files].map((each) =>
    toBinary(FileDescriptorProtoSchema, each.proto),
  )
  const value = { fileDescriptorProto }
  return { case: 'fileDescriptorResponse', value }
}

function notFound(what: string): Answer {
  return failure(GRPC_CODES.NOT_FOUND, `There is no ${what} here.`)
}

function failure(errorCode: number, errorMessage: string): Answer {
  const value = { errorCode, errorMessage }
  return { case: 'errorResponse', value }
}
