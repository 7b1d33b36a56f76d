/** What stands in for data that is not there: that it is on its way, or why it did not come. */
import type { UseQueryResult } from '@tanstack/react-query'
import { ErrorState } from './error-state.tsx'
import { Rows } from './page-waiting.tsx'

export interface QueryStateProps {
  readonly query: Pick<UseQueryResult, 'isPending' | 'isError' | 'error'> & {
    readonly refetch: () => unknown
  }
  /** Rows that hint at what is coming. */
  readonly rows?: number
}

export function QueryState({ query, rows }: QueryStateProps) {
  if (query.isPending) return <Rows count={rows} />
  return query.isError ? <ErrorState error={query.error} onRetry={query.refetch} /> : null
}
