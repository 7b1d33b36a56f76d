/** A limit of a request's number, told by the field that is beyond it. */
import { VectronError } from './errors.ts'

/** @throws VectronError INVALID_ARGUMENT */
export function checkAtMost(value: number, max: number, field: string): void {
  if (value <= max) return
  throw new VectronError('INVALID_ARGUMENT', `${field} is ${value}; the limit is ${max}.`, {
    field,
  })
}
