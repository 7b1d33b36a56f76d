/** The router over all pages, with what it shows around them, and where none is found. */
import { createRouter, Outlet } from '@tanstack/react-router'
import { EmptyState } from '../kit/empty-state.tsx'
import { ErrorState } from '../kit/error-state.tsx'
import { ButtonLink } from '../kit/links.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { PageWaiting } from '../kit/page-waiting.tsx'
import { OUTER_PAGES, PAGES } from '../pages/pages.ts'
import { Admitted } from './admitted.tsx'
import { rootRoute, shellRoute } from './root-route.ts'
import { Shell } from './shell.tsx'
import { SignedIn } from './signed-in.tsx'

const routeTree = rootRoute.addChildren([shellRoute.addChildren(PAGES), ...OUTER_PAGES])

rootRoute.update({ component: Outlet, notFoundComponent: NotFound })
shellRoute.update({ component: Frame, notFoundComponent: NotFound })

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: PageWaiting,
  defaultPendingMs: 200,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function Frame() {
  return (
    <SignedIn>
      <Shell>
        <Admitted>
          <Outlet />
        </Admitted>
      </Shell>
    </SignedIn>
  )
}

function NotFound() {
  return (
    <PageFrame title="No such page">
      <EmptyState
        title="There is no page at this address"
        text="It may have been moved, or the link was cut off on its way."
        action={<ButtonLink to="/">Go home</ButtonLink>}
      />
    </PageFrame>
  )
}

function PageFailed({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  return (
    <PageFrame title="This page failed">
      <ErrorState error={error} onRetry={reset} />
    </PageFrame>
  )
}
