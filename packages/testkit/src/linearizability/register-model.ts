/**
 * A register that is read, written and compared-and-set; null stands for "not there", so that a
 * deletion is a write of null.
 */
import { ILLEGAL, type SequentialModel, type Step } from './operation.ts'

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: string | null }
  | {
      readonly kind: 'compare-and-set'
      readonly expected: string | null
      readonly value: string | null
    }

export type RegisterOutput =
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'written' }
  | { readonly kind: 'compared'; readonly swapped: boolean }

export const registerModel: SequentialModel<RegisterInput, RegisterOutput, string | null> = {
  initial: () => null,
  step(state, input, output) {
    switch (input.kind) {
      case 'read':
        return output === undefined || isValue(output, state) ? legal(state) : ILLEGAL
      case 'write':
        return legal(input.value)
      case 'compare-and-set': {
        const swaps = input.expected === state
        if (output !== undefined && !isCompared(output, swaps)) return ILLEGAL
        return legal(swaps ? input.value : state)
      }
    }
  },
  describe(input, output) {
    switch (input.kind) {
      case 'read':
        return `read()${output?.kind === 'value' ? ` -> ${text(output.value)}` : ''}`
      case 'write':
        return `write(${text(input.value)})`
      case 'compare-and-set': {
        const call = `compareAndSet(${text(input.expected)}, ${text(input.value)})`
        return output?.kind === 'compared' ? `${call} -> ${output.swapped ? 'ok' : 'no'}` : call
      }
    }
  },
  describeState: text,
}

function legal(state: string | null): Step<string | null> {
  return { kind: 'legal', state }
}

function isValue(output: RegisterOutput, value: string | null): boolean {
  return output.kind === 'value' && output.value === value
}

function isCompared(output: RegisterOutput, swapped: boolean): boolean {
  return output.kind === 'compared' && output.swapped === swapped
}

function text(value: string | null): string {
  return value ?? 'nothing'
}
