/** What is shown while a page's code or its first data is on the way. */
import { Box, Skeleton } from '@mantine/core'

export function PageWaiting() {
  return (
    <Box p="xl" maw={1120} mx="auto" aria-busy aria-label="Loading">
      <Skeleton h={26} w={220} mb="xl" />
      <Rows />
    </Box>
  )
}

/** In the place of a table or list. */
export function Rows({ count = 4 }: { readonly count?: number | undefined }) {
  const widths = ['100%', '92%', '97%', '88%', '94%']
  return (
    <Box aria-busy>
      {Array.from({ length: count }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all there ever is
        <Skeleton key={row} h={18} my={14} w={widths[row % widths.length] ?? '100%'} />
      ))}
    </Box>
  )
}
