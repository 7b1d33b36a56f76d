/**
 * Turning calls away at the door: asked by both servers as soon as the header of a call has come,
 * before anything else is done for it. Under overload most calls are turned away, so this is what a
 * server's time is spent on that cannot be spent on answers.
 */
import type { DescMethod } from '@bufbuild/protobuf'
import type { VectronError } from '@vectron/base'
import type { Protocol } from '../call.ts'

/**
 * Why a call is turned away whose caller waits for `remainingMs`; undefined: it is let in. Give the
 * same error again and again: its answer is made once.
 */
export type TurnAway = (arrival: Arrival) => VectronError | undefined

export interface Arrival {
  readonly method: DescMethod
  readonly protocol: Protocol
  /** Milliseconds that the caller waits. */
  readonly remainingMs: number
}
