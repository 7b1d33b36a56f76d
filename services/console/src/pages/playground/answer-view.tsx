/** The answer: status, time, size, headers that matter, and what came, line by line in streams. */
import { Group, Loader, Text } from '@mantine/core'
import { CopyButton } from '../../kit/copy-button.tsx'
import { EmptyState } from '../../kit/empty-state.tsx'
import { ErrorState } from '../../kit/error-state.tsx'
import { formatBytes, formatCount, formatMicros } from '../../kit/format.ts'
import { StateDot } from '../../kit/state-dot.tsx'
import classes from './playground-page.module.css'
import { formatJson } from './request.ts'
import type { Answer } from './send.ts'

export interface AnswerViewProps {
  readonly answer: Answer | undefined
  readonly error: unknown
  readonly isSending: boolean
}

export function AnswerView({ answer, error, isSending }: AnswerViewProps) {
  if (error !== undefined) return <ErrorState error={error} />
  if (answer !== undefined) return <Shown answer={answer} isSending={isSending} />
  if (isSending) return <Loader size="sm" type="dots" aria-label="Waiting for the answer" />
  return (
    <EmptyState
      title="The answer comes here"
      text="Send with the button, or with Ctrl and Enter while you write. Ctrl and Space completes."
    />
  )
}

/** Longer texts make browsers slow; what is copied is whole. */
const SHOWN_CHARS_MAX = 200_000

function Shown({ answer, isSending }: { readonly answer: Answer; readonly isSending: boolean }) {
  const { status, statusText, tookMs, bytes, headers, lines, isStream, dropped } = answer
  const text = isStream ? lines.join('\n') : formatJson(lines[0] ?? '')
  const shown = text.slice(0, SHOWN_CHARS_MAX)
  return (
    <section aria-label="Answer" className={classes['answer']}>
      <Group gap="lg" className={classes['facts']} role="status">
        <StateDot tone={status < 400 ? 'good' : 'bad'}>{`${status} ${statusText}`}</StateDot>
        <Text size="sm" className="figures">
          {formatMicros(tookMs * 1000)}
        </Text>
        <Text size="sm" className="figures">
          {formatBytes(bytes)}
        </Text>
        {isStream && (
          <Text size="sm" className="figures">
            {formatCount(lines.length + dropped)} lines{isSending ? ', more to come' : ''}
          </Text>
        )}
      </Group>
      <dl className={classes['headers']}>
        {headers.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={classes['text']}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it */}
        <pre tabIndex={0}>{shown}</pre>
        <span className={classes['copy']}>
          <CopyButton text={text} label="Copy the answer" />
        </span>
      </div>
      {(shown.length < text.length || dropped > 0) && (
        <Text size="sm" className="quiet" mt="xs">
          Cut off here: it is longer than a browser shows well.
        </Text>
      )}
    </section>
  )
}

export function Verb({ verb }: { readonly verb: string }) {
  return (
    <span className={classes['verb']} data-verb={verb}>
      {verb}
    </span>
  )
}
