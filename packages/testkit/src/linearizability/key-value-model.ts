/** One key of a key-value store with put, append and get; a key that was never written reads ''. */
import { ILLEGAL, type SequentialModel } from './operation.ts'

export type KeyValueInput =
  | { readonly kind: 'get' }
  | { readonly kind: 'put'; readonly value: string }
  | { readonly kind: 'append'; readonly value: string }

/** What a get answered; '' for put and append. */
export type KeyValueOutput = string

export const keyValueModel: SequentialModel<KeyValueInput, KeyValueOutput, string> = {
  initial: () => '',
  step(state, input, output) {
    switch (input.kind) {
      case 'get':
        return output === undefined || output === state ? { kind: 'legal', state } : ILLEGAL
      case 'put':
        return { kind: 'legal', state: input.value }
      case 'append':
        return { kind: 'legal', state: state + input.value }
    }
  },
  describe(input, output) {
    if (input.kind !== 'get') return `${input.kind}('${input.value}')`
    return output === undefined ? 'get()' : `get() -> '${output}'`
  },
  describeState: (state) => `'${state}'`,
}
