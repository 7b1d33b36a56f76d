/** One request at a time: its answer as it comes, and what was sent before. */
import { useRef, useState } from 'react'
import { useProject } from '../../session/project.ts'
import { useProfile } from '../../session/use-session.ts'
import { forgetHistory, readHistory, remember } from './history.ts'
import type { Draft } from './playground-page.tsx'
import { pathOf } from './request.ts'
import { type Answer, send } from './send.ts'

export function useSending() {
  const projectId = useProject()?.projectId ?? ''
  const { userId } = useProfile()
  const [answer, setAnswer] = useState<Answer>()
  const [error, setError] = useState<unknown>()
  const [isSending, setSending] = useState(false)
  const [history, setHistory] = useState(() => readHistory(userId))
  const leave = useRef<AbortController>(null)
  const start = async ({ operation, parameters, body }: Draft) => {
    leave.current?.abort()
    const own = new AbortController()
    leave.current = own
    setSending(true)
    setError(undefined)
    setAnswer(undefined)
    try {
      const done = await send({
        projectId,
        verb: operation.verb,
        path: pathOf(operation, parameters),
        body: operation.body === undefined ? '' : body,
        contentType: operation.streamsIn ? 'application/x-ndjson' : 'application/json',
        signal: own.signal,
        onAnswer: setAnswer,
      })
      const { status, tookMs } = done
      const sentMs = Date.now()
      const past = { operation: operation.id, with: parameters, body, status, tookMs, sentMs }
      setHistory(remember(userId, operation, past))
    } catch (why) {
      if (!own.signal.aborted) setError(why)
    } finally {
      if (leave.current === own) setSending(false)
    }
  }
  return {
    answer,
    error,
    isSending,
    history,
    send: start,
    stop: () => leave.current?.abort(),
    forget: () => {
      forgetHistory(userId)
      setHistory([])
    },
  }
}
