/**
 * The simulation of whole clusters in one process: one seed, one clock, one network, many disks.
 *
 * DESIGN.md says what is real in it and what is not, and what it checks.
 */
export { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
export { type SimOptions, type SimOutcome, simulate } from './simulate.ts'
