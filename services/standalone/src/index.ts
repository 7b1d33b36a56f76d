/** All services of Vectron in one process, connected in process. */

export { STANDALONE_SETTINGS, type StandaloneConfig } from './config.ts'
export { type RunningVectron, type StartOptions, startVectron } from './start-vectron.ts'
