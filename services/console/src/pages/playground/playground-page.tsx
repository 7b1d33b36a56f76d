/** Any call of the API, written with completion and sent with the person's own session. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { type ApiDocument, type ApiOperation, openApiQuery } from '../../api/openapi.ts'
import { PageFrame } from '../../kit/page-frame.tsx'
import { QueryState } from '../../kit/query-state.tsx'
import { useProfile } from '../../session/use-session.ts'
import { AnswerView } from './answer-view.tsx'
import { takesSecret } from './history.ts'
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
      <QueryState query={api} />
      {api.data !== undefined && <Bench api={api.data} />}
    </PageFrame>
  )
}

/** What is written, as the address has it; bodies with a secret are of this page alone. */
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
  const [secretBody, setSecretBody] = useState<string>()
  const body = takesSecret(operation) ? secretBody : search.body
  const draft: Draft = {
    operation,
    parameters: search.with ?? {},
    body: body ?? firstBody(operation, api.schemas),
  }
  const show = (next: Shown) => {
    const isSecret = takesSecret(findOperation(api, next.operation))
    setSecretBody(isSecret ? next.body : undefined)
    return navigate({
      to: '/playground',
      replace: true,
      search: {
        operation: next.operation,
        ...(Object.keys(next.parameters).length === 0 ? {} : { with: next.parameters }),
        // What was emptied stays empty, without the first body coming back.
        ...(next.body === undefined || isSecret ? {} : { body: next.body || ' ' }),
      },
    })
  }
  const sending = useSending()
  return (
    <div className={classes['bench']}>
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
      <AnswerView answer={sending.answer} error={sending.error} isSending={sending.isSending} />
      <HistoryList
        history={sending.history}
        onOpen={({ operation: id, with: parameters, body: past }) =>
          show({ operation: id, parameters, body: past })
        }
        onForget={sending.forget}
      />
    </div>
  )
}

function findOperation({ operations }: ApiDocument, wanted: string): ApiOperation {
  const found =
    operations.find(({ id }) => id === wanted) ?? operations.find(({ id }) => id === FIRST)
  if (found === undefined) throw new Error('The document of this gateway has no operation.')
  return found
}
