/** On a cluster of one machine: kills a node, to watch what the others do, and starts it again. */
import { Button, Text } from '@mantine/core'
import type { LocalNode } from '@vectron/client'
import { useState } from 'react'
import { useClusterAction } from '../../api/cluster.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { ErrorState } from '../../kit/error-state.tsx'

export function DemoButton({ node }: { readonly node: LocalNode }) {
  switch (node.state) {
    case 'up':
    case 'paused':
      return <StopButton node={node} />
    case 'down':
    case 'starting':
      return <StartButton node={node} />
  }
}

function StopButton({ node: { name } }: { readonly node: LocalNode }) {
  const [isAsked, setAsked] = useState(false)
  const kill = useClusterAction((cluster) => cluster.killNode(name))
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Stop this node: ${name}`}
        onClick={() => setAsked(true)}
      >
        Stop this node
      </Button>
      <ConfirmDialog
        opened={isAsked}
        onClose={() => setAsked(false)}
        title={`Stop ${name}?`}
        action="Stop this node"
        tone="danger"
        onConfirm={() => kill.mutate(undefined, { onSuccess: () => setAsked(false) })}
        isRunning={kill.isPending}
        error={kill.error}
      >
        Its process is killed, as a crash would. Watch below how others take over what it led; what
        was acknowledged stays. Start it again at any time.
      </ConfirmDialog>
    </>
  )
}

function StartButton({ node: { name, state, failure } }: { readonly node: LocalNode }) {
  const start = useClusterAction((cluster) => cluster.startNode(name))
  return (
    <>
      <Button
        size="compact-xs"
        loading={start.isPending || state === 'starting'}
        aria-label={`Start it again: ${name}`}
        onClick={() => start.mutate(undefined)}
      >
        Start it again
      </Button>
      {failure !== '' && (
        <Text size="xs" c="var(--console-bad)" role="alert">
          {failure}
        </Text>
      )}
      {start.isError && <ErrorState error={start.error} />}
    </>
  )
}
