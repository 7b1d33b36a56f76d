/**
 * Reads the histories of testdata/porcupine, with the verdict that porcupine gives on each; see the
 * README there for where they come from and how they are written.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { KeyValueInput, KeyValueOutput } from './key-value-model.ts'
import type { Operation, Outcome } from './operation.ts'
import type { RegisterInput, RegisterOutput } from './register-model.ts'

export const PORCUPINE_FOLDER = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  'testdata',
  'porcupine',
)

export interface JudgedHistory<Input, Output> {
  readonly name: string
  readonly linearizable: boolean
  readonly history: readonly Operation<Input, Output>[]
}

type RegisterHistory = JudgedHistory<RegisterInput, RegisterOutput>

/** Logs of Jepsen's runs against etcd: `<number> <verdict> <event> <event> ...`. */
export function jepsenLogs(): RegisterHistory[] {
  const lines = readFileSync(path.join(PORCUPINE_FOLDER, 'jepsen-etcd.txt'), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => {
    const [name, verdict, ...events] = line.split(' ')
    return {
      name: name!,
      linearizable: verdict === 'linearizable',
      history: registerHistory(events),
    }
  })
}

/** Parses events `3:r 3=7`: a call of client 3, and what it was answered. */
export function registerHistory(
  events: readonly string[],
): Operation<RegisterInput, RegisterOutput>[] {
  const pairs = new EventPairs<RegisterInput, RegisterOutput>('register')
  for (const event of events) {
    const [, client, sign, rest] = /^(\d+)([:=])(.*)$/.exec(event)!
    if (sign === ':') pairs.call(Number(client), registerInput(rest!))
    else pairs.end(Number(client), (input) => registerOutput(input, rest!))
  }
  return pairs.history()
}

function registerInput(text: string): RegisterInput {
  const [first, second] = text.slice(1).split('>')
  if (text === 'r') return { kind: 'read' }
  if (text.startsWith('w')) return { kind: 'write', value: first! }
  return { kind: 'compare-and-set', expected: first!, value: second! }
}

function registerOutput(input: RegisterInput, text: string): RegisterOutput | undefined {
  if (text === '?') return undefined
  switch (input.kind) {
    case 'read':
      return { kind: 'value', value: text === 'nil' ? null : text }
    case 'write':
      return { kind: 'written' }
    case 'compare-and-set':
      return { kind: 'compared', swapped: text === 'ok' }
  }
}

/** Logs of a key-value store with puts, gets and appends, as porcupine keeps them. */
export function keyValueLog(name: string): Operation<KeyValueInput, KeyValueOutput>[] {
  const text = gunzipSync(readFileSync(path.join(PORCUPINE_FOLDER, `kv-${name}.txt.gz`))).toString(
    'utf8',
  )
  const byKey = new Map<string, EventPairs<KeyValueInput, KeyValueOutput>>()
  for (const [place, line] of text.trim().split('\n').entries()) {
    const [, client, type, verb, key, value] =
      /^\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (?:nil|"(.*)")\}$/.exec(
        line,
      )!
    const pairs = byKey.get(key!) ?? new EventPairs(key!)
    byKey.set(key!, pairs)
    if (type === 'invoke') pairs.call(Number(client), keyValueInput(verb!, value), place)
    else pairs.end(Number(client), ({ kind }) => (kind === 'get' ? (value ?? '') : ''), place)
  }
  return [...byKey.values()].flatMap((pairs) => pairs.history())
}

function keyValueInput(verb: string, value: string | undefined): KeyValueInput {
  if (verb === 'get') return { kind: 'get' }
  return { kind: verb === 'put' ? 'put' : 'append', value: value ?? '' }
}

/** Joins calls and answers of one key; the place of an event stands for its time. */
class EventPairs<Input, Output> {
  readonly #key: string
  readonly #operations: Operation<Input, Output>[] = []
  readonly #open = new Map<number, number>()
  #events = 0

  constructor(key: string) {
    this.#key = key
  }

  call(client: number, input: Input, place = this.#events++): void {
    this.#open.set(client, this.#operations.length)
    const outcome: Outcome<Output> = { kind: 'unknown' }
    this.#operations.push({ client, key: this.#key, input, calledUs: place, outcome })
  }

  /** An answer of undefined says that nobody knows it. */
  end(client: number, answer: (input: Input) => Output | undefined, place = this.#events++): void {
    const index = this.#open.get(client)!
    this.#open.delete(client)
    const operation = this.#operations[index]!
    const output = answer(operation.input)
    if (output === undefined) return
    const outcome: Outcome<Output> = { kind: 'returned', atUs: place, output }
    this.#operations[index] = { ...operation, outcome }
  }

  history(): Operation<Input, Output>[] {
    return this.#operations
  }
}
