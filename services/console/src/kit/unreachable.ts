/** For the arm of a switch that no value reaches: the compiler checks it. */
export function unreachable(value: never): never {
  throw new Error(`unexpected: ${JSON.stringify(value)}`)
}
