/** A vector: how long, of which norm, its first components, and all of it to take along. */
import { Group, Stack, Text } from '@mantine/core'
import { CopyButton } from '../../kit/copy-button.tsx'
import { Figure, Figures } from '../../kit/figure.tsx'
import { formatCount } from '../../kit/format.ts'
import classes from './vector-facts.module.css'

const SHOWN = 24
const WIDTH = 320
const HEIGHT = 56

export function VectorFacts({ vector }: { readonly vector: Float32Array }) {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  const zeros = vector.reduce((count, value) => count + Number(value === 0), 0)
  return (
    <Stack gap="sm">
      <Figures>
        <Figure label="Components" value={formatCount(vector.length)} />
        <Figure label="Norm" value={norm.toPrecision(5)} />
        <Figure label="Zeros" value={formatCount(zeros)} />
      </Figures>
      <Bars vector={vector} />
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" className="quiet">
          {vector.length > SHOWN ? `The first ${SHOWN} components` : 'All components'}
        </Text>
        <CopyButton text={JSON.stringify([...vector])} label="Copy the whole vector" />
      </Group>
      <ol className={`figures ${classes['values']}`}>
        {Array.from(vector.subarray(0, SHOWN), (value, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a component is known by its place
          <li key={index}>{value.toPrecision(5)}</li>
        ))}
      </ol>
    </Stack>
  )
}

/** The shape of it at a glance: each bar the mean of as many neighbours as it takes. */
function Bars({ vector }: { readonly vector: Float32Array }) {
  const count = Math.min(vector.length, WIDTH / 4)
  const means = Array.from({ length: count }, (_, bar) => {
    const [from, to] = [bar, bar + 1].map((edge) => Math.floor((edge * vector.length) / count))
    const part = vector.subarray(from, to)
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length)
  })
  const most = Math.max(1e-12, ...means.map(Math.abs))
  const width = WIDTH / Math.max(1, count)
  return (
    <svg
      className={classes['bars']}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {means.map((mean, index) => {
        const height = (Math.abs(mean) / most) * (HEIGHT / 2)
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is known by its place
            key={index}
            x={index * width}
            width={width * 0.8}
            y={mean > 0 ? HEIGHT / 2 - height : HEIGHT / 2}
            height={height}
          />
        )
      })}
    </svg>
  )
}
