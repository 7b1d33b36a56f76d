/** Any call of the API, written with completion and sent with the person's own session. */
import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ApiDocument, type ApiOperation, openApiQuery } from '../../api/openapi.ts'
import { ErrorState } from '../../kit/error-state.tsx'
import { PageFrame } from '../../kit/page-frame.tsx'
import { Rows } from '../../kit/page-waiting.tsx'
import { useProfile } from '../../session/use-session.ts'
import { AnswerView } from './answer-view.tsx'
import { HistoryList } from './history-list.tsx'
import classes from './playground-page.module.css'
import { firstBody } from './request.ts'
import { RequestForm } from './request-form.tsx'
import { type Parameters, playgroundRoute } from './routes.ts'
import { useSending } from './use-sending.ts'

const FIRST = 'search'

export function PlaygroundPage() {
  const api = useQuery(openApiQuery)
  const { name, email } = useProfile()
  return (
    <PageFrame
      title="Playground"
      width="full"
      about={
        <>
          Calls are real, and made as <b>{name || email || 'you'}</b>, by the session of this
          browser: no key is needed.
        </>
      }
    >
      {api.isPending && <Rows />}
      {api.isError && <ErrorState error={api.error} onRetry={api.refetch} />}
      {api.data !== undefined && <Bench api={api.data} />}
    </PageFrame>
  )
}

/** What is written, as the address has it. */
export interface Draft {
  readonly operation: ApiOperation
  readonly parameters: Parameters
  readonly body: string
}

interface Shown {
  readonly operation: string
  readonly parameters: Parameters
  /** Left out: the one to begin with. */
  readonly body?: string
}

function Bench({ api }: { readonly api: ApiDocument }) {
  const search = playgroundRoute.useSearch()
  const navigate = useNavigate()
  const operation = findOperation(api, search.operation ?? FIRST)
  const draft: Draft = {
    operation,
    parameters: search.with ?? {},
    body: search.body ?? firstBody(operation, api.schemas),
  }
  const show = (next: Shown) =>
    navigate({
      to: '/playground',
      replace: true,
      search: {
        operation: next.operation,
        ...(Object.keys(next.parameters).length === 0 ? {} : { with: next.parameters }),
        // What was emptied stays empty, without the first body coming back.
        ...(next.body === undefined ? {} : { body: next.body || ' ' }),
      },
    })
  const sending = useSending()
  return (
    <div className={classes['bench']}>
      <Stack gap="md" miw={0}>
        <RequestForm
          api={api}
          draft={draft}
          isSending={sending.isSending}
          onChange={(part) => show({ ...draft, operation: operation.id, ...part })}
          // Names go along to the next operation, the body does not.
          onChoose={(id) => show({ operation: id, parameters: draft.parameters })}
          onSend={() => sending.send(draft)}
          onStop={sending.stop}
        />
        <HistoryList
          history={sending.history}
          onOpen={({ operation: id, with: parameters, body }) =>
            show({ operation: id, parameters, body })
          }
          onForget={sending.forget}
        />
      </Stack>
      <AnswerView answer={sending.answer} error={sending.error} isSending={sending.isSending} />
    </div>
  )
}

function findOperation({ operations }: ApiDocument, wanted: string): ApiOperation {
  const found =
    operations.find(({ id }) => id === wanted) ?? operations.find(({ id }) => id === FIRST)
  if (found === undefined) throw new Error('The document of this gateway has no operation.')
  return found
}
