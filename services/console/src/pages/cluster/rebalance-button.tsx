/** Evens out replicas and leaders over the workers. */
import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import Scale from 'lucide-react/icons/scale'
import { useState } from 'react'
import { useClusterAction } from '../../api/cluster.ts'
import { ConfirmDialog } from '../../kit/confirm-dialog.tsx'
import { formatPlural } from '../../kit/format.ts'

export function RebalanceButton() {
  const [isOpen, dialog] = useDisclosure(false)
  const [begun, setBegun] = useState<number>()
  const rebalance = useClusterAction((cluster) => cluster.rebalance())
  const open = () => {
    rebalance.reset()
    setBegun(undefined)
    dialog.open()
  }
  const confirm = () =>
    rebalance.mutate(undefined, {
      onSuccess: (operators) => {
        if (operators.length === 0) setBegun(0)
        else dialog.close()
      },
    })
  return (
    <>
      <Button variant="default" leftSection={<Scale size={15} />} onClick={open}>
        Rebalance
      </Button>
      <ConfirmDialog
        opened={isOpen}
        onClose={dialog.close}
        title="Rebalance the cluster?"
        action="Rebalance"
        onConfirm={confirm}
        isRunning={rebalance.isPending}
        isIncomplete={begun === 0}
        error={rebalance.error}
      >
        <Text>
          Moves replicas and leaders until every worker has its share. Searches and writes go on
          meanwhile; each move can be cancelled below.
        </Text>
        {begun === 0 && (
          <Text mt="sm" role="status" fw={500}>
            {`All is in balance: ${formatPlural(0, 'move')} needed.`}
          </Text>
        )}
      </ConfirmDialog>
    </>
  )
}
