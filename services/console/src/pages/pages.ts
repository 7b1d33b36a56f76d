/**
 * All pages. One line each: the navigation, the palette, the checks and the pictures are made from
 * this list. A page's route stands in `routes.ts` of its area.
 */
import { accessRoute, keyRoute, newKeyRoute } from './access/routes.ts'
import { accountRoute } from './account/routes.ts'
import { clusterRoute } from './cluster/routes.ts'
import { collectionRoute, collectionsRoute, newCollectionRoute } from './collections/routes.ts'
import { homeRoute } from './home/routes.ts'
import { importRoute } from './import/routes.ts'
import { learnRoute } from './learn/routes.ts'
import { mapRoute } from './map/routes.ts'
import { metricsRoute } from './metrics/routes.ts'
import { playgroundRoute } from './playground/routes.ts'
import { pointsRoute } from './points/routes.ts'
import { searchRoute } from './search/routes.ts'
import { registerRoute, signInRoute } from './sign-in/routes.ts'
import { slowQueriesRoute } from './slow-queries/routes.ts'

/** Inside the frame, for who is signed in. */
export const PAGES = [
  homeRoute,
  collectionsRoute,
  newCollectionRoute,
  collectionRoute,
  pointsRoute,
  importRoute,
  playgroundRoute,
  learnRoute,
  accessRoute,
  newKeyRoute,
  keyRoute,
  clusterRoute,
  metricsRoute,
  slowQueriesRoute,
  searchRoute,
  mapRoute,
  accountRoute,
] as const

/** Outside of it. */
export const OUTER_PAGES = [signInRoute, registerRoute] as const
