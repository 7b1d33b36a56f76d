/** What an operator may do to one worker, each after a question. */
import { ActionIcon, Menu, Text } from '@mantine/core'
import type { WorkerInfo } from '@vectron/client'
import Ellipsis from 'lucide-react/icons/ellipsis'
import { useState } from 'react'
import { useClusterAction } from '../../api/cluster.ts'
import { ConfirmByName } from '../../kit/confirm-by-name.tsx'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { formatPlural } from '../../kit/format.ts'

type Asked = 'drain' | 'undrain' | 'remove'

export interface WorkerMenuProps {
  readonly worker: WorkerInfo
  readonly workers: readonly WorkerInfo[]
}

export function WorkerMenu({ worker, workers }: WorkerMenuProps) {
  const [asked, setAsked] = useState<Asked>()
  const { workerId, draining, replicas } = worker
  const close = () => setAsked(undefined)
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions on worker ${workerId}`}>
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {draining ? (
            <Menu.Item onClick={() => setAsked('undrain')}>Take replicas again</Menu.Item>
          ) : (
            <Menu.Item onClick={() => setAsked('drain')}>Drain</Menu.Item>
          )}
          <Menu.Item color="red" disabled={replicas > 0} onClick={() => setAsked('remove')}>
            Remove
          </Menu.Item>
          {replicas > 0 && <Menu.Label>Only an empty worker can be removed.</Menu.Label>}
        </Menu.Dropdown>
      </Menu>
      <Drain worker={worker} workers={workers} opened={asked === 'drain'} onClose={close} />
      <Undrain worker={worker} opened={asked === 'undrain'} onClose={close} />
      <Remove worker={worker} opened={asked === 'remove'} onClose={close} />
    </>
  )
}

interface QuestionProps {
  readonly worker: WorkerInfo
  readonly opened: boolean
  readonly onClose: () => void
}

function Drain({
  worker,
  workers,
  opened,
  onClose,
}: QuestionProps & Pick<WorkerMenuProps, 'workers'>) {
  const { workerId, replicas } = worker
  const drain = useClusterAction((cluster) => cluster.drainWorker(workerId))
  const others = workers.filter((one) => one.workerId !== workerId && one.state === 'up').length
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={`Drain worker ${workerId}?`}
      action="Drain worker"
      onConfirm={() => drain.mutate(undefined, { onSuccess: onClose })}
      isRunning={drain.isPending}
      error={drain.error}
    >
      <Text>
        {`Its ${formatPlural(replicas, 'replica')} move to the ${formatPlural(others, 'other worker')} ` +
          'that are up, and it gets no new ones. Searches and writes go on meanwhile. Let it take ' +
          'replicas again at any time.'}
      </Text>
      <Text mt="sm" className="quiet">
        A collection with as many replicas as there are workers has nowhere to move to: its replicas
        stay until another worker is there.
      </Text>
    </ConfirmDialog>
  )
}

function Undrain({ worker: { workerId }, opened, onClose }: QuestionProps) {
  const undrain = useClusterAction((cluster) => cluster.undrainWorker(workerId))
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={`Let worker ${workerId} take replicas again?`}
      action="Take replicas again"
      onConfirm={() => undrain.mutate(undefined, { onSuccess: onClose })}
      isRunning={undrain.isPending}
      error={undrain.error}
    >
      What it has still stays, and it gets new ones when its turn comes.
    </ConfirmDialog>
  )
}

function Remove({ worker: { workerId, state }, opened, onClose }: QuestionProps) {
  const remove = useClusterAction((cluster) => cluster.removeWorker(workerId))
  return (
    <ConfirmByName
      opened={opened}
      onClose={onClose}
      title={`Remove worker ${workerId}?`}
      name={`worker ${workerId}`}
      action="Remove worker"
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      isRunning={remove.isPending}
      error={remove.error}
    >
      <Text>
        The cluster forgets it for good; its id is never used again.
        {state === 'up' && ' Its process runs still: stop it first.'}
      </Text>
    </ConfirmByName>
  )
}
