/** Which steps of the tutorial were run, in this browser. */
import { useState } from 'react'
import { useProfile } from '../../session/use-session.ts'

export interface Progress {
  readonly done: ReadonlySet<string>
  readonly mark: (step: string) => void
  readonly forget: () => void
}

export function useProgress(): Progress {
  const key = `vectron.learn.${useProfile().userId}`
  const [done, setDone] = useState(() => read(key))
  const keep = (steps: ReadonlySet<string>) => {
    setDone(steps)
    try {
      localStorage.setItem(key, JSON.stringify([...steps]))
    } catch {
      // It lasts as long as the page then.
    }
  }
  return {
    done,
    mark: (step) => keep(new Set([...read(key), step])),
    forget: () => keep(new Set()),
  }
}

function read(key: string): ReadonlySet<string> {
  try {
    const steps: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return new Set(Array.isArray(steps) ? steps.map(String) : [])
  } catch {
    return new Set()
  }
}
