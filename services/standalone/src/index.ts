/** All services of Vectron in one process, connected in process. */

export { type RunningVectron, type StartOptions, startVectron } from './start-vectron.ts'
