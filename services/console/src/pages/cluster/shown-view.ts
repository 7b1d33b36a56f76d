/**
 * The view that the page shows, for cells of tables: columns are made once, because a cell whose
 * column is made anew is mounted anew, and whatever was open in it is closed.
 */
import type { ClusterView } from '@vectron/client'
import { createContext, useContext } from 'react'

const ShownView = createContext<ClusterView | undefined>(undefined)

export const ShownViewProvider = ShownView.Provider

/** Inside the page's parts there is always one. */
export function useShownView(): ClusterView {
  const view = useContext(ShownView)
  if (view === undefined) throw new Error('there is no view of the cluster around this')
  return view
}
