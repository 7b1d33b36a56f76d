/** The tutorial: steps at the side, one of them open, run for real with the person's session. */
import { Button } from '@mantine/core'
import Check from 'lucide-react/icons/check'
import { TextLink } from '../../kit/links.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import classes from './learn-page.module.css'
import { LearnStepView } from './learn-step-view.tsx'
import { useProgress } from './progress.ts'
import { learnRoute } from './routes.ts'
import { type LearnStep, STEPS } from './steps.ts'

export function LearnPage() {
  const { step: wanted, code } = learnRoute.useSearch()
  const progress = useProgress()
  const at = Math.max(
    0,
    STEPS.findIndex(({ id }) => id === wanted),
  )
  const step = STEPS[at] as LearnStep
  return (
    <PageFrame
      title="Learn"
      about="Nine short steps, on your own Vectron: what you run here is done."
      actions={
        progress.done.size > 0 && (
          <Button variant="subtle" color="gray" size="xs" onClick={progress.forget}>
            Start over
          </Button>
        )
      }
    >
      <div className={classes['tutorial']}>
        <ol className={classes['steps']} aria-label="Steps">
          {STEPS.map(({ id, title }, index) => (
            <li key={id} data-open={id === step.id}>
              <span className={classes['mark']} data-done={progress.done.has(id)}>
                {progress.done.has(id) ? <Check size={13} aria-label="done" /> : index + 1}
              </span>
              <TextLink
                to="/learn"
                search={{ step: id, ...(code === undefined ? {} : { code }) }}
                aria-current={id === step.id ? 'step' : undefined}
                c="inherit"
              >
                {title}
              </TextLink>
            </li>
          ))}
        </ol>
        <LearnStepView
          key={step.id}
          step={step}
          next={STEPS[at + 1]}
          onDone={() => progress.mark(step.id)}
        />
      </div>
    </PageFrame>
  )
}
