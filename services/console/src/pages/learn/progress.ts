/** Which steps of the tutorial were run, in this browser. */
import { useState } from 'react'
import { keep, readKept } from '../../kit/kept.ts'
import { useProfile } from '../../session/use-session.ts'

export interface Progress {
  readonly done: ReadonlySet<string>
  readonly mark: (step: string) => void
  readonly forget: () => void
}

export function useProgress(): Progress {
  const key = `vectron.learn.${useProfile().userId}`
  const [done, setDone] = useState(() => read(key))
  const change = (steps: ReadonlySet<string>) => {
    setDone(steps)
    keep(key, [...steps])
  }
  return {
    done,
    mark: (step) => change(new Set([...read(key), step])),
    forget: () => change(new Set()),
  }
}

function read(key: string): ReadonlySet<string> {
  const steps = readKept(key)
  return new Set(Array.isArray(steps) ? steps.map(String) : [])
}
