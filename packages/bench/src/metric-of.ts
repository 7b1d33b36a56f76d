/**
 * A metric out of an exposition in Prometheus's text form, summed over its labels.
 *
 * @param name with its prefix; an Error when there is none of that name, because 0 would pass for a
 *   measurement
 */
export function metricOf(exposition: string, name: string): number {
  const lines = exposition.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line))
  if (lines.length === 0) throw new Error(`no ${name} among the metrics`)
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
