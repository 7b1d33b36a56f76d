/** The whole console: theme, queries, and either the pages or what stands before them. */
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { VectronApiError } from '@vectron/client'
import { pageNonce } from './page-nonce.ts'
import { router } from './router.tsx'
import { cssVariables, theme } from './theme.ts'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The SDK has tried again already where that helps.
      retry: false,
      staleTime: 2000,
      refetchOnWindowFocus: (query) => !(query.state.error instanceof VectronApiError),
    },
  },
})

export function Console() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={pageNonce}
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
