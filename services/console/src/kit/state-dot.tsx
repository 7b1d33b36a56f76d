/** A state in a word, with its colour: never by colour alone. */
import classes from './state-dot.module.css'

export type StateTone = 'good' | 'warn' | 'bad' | 'quiet'

export interface StateDotProps {
  readonly tone: StateTone
  readonly children: string
}

export function StateDot({ tone, children }: StateDotProps) {
  return (
    <span className={classes['state']} data-tone={tone}>
      {children}
    </span>
  )
}
