/**
 * @module
 * The dialogs themselves: each says what will happen before it is asked for.
 */
import { Modal } from '@mantine/core'
import { engineName } from '../text/engine-name.js'
import classes from './any-dialog.module.css'
import type { Dialog } from './dialog.js'
import { DrainForm, RemoveForm, RestartForm } from './engine-forms.js'
import { ProvisionForm, ScaleForm } from './fleet-forms.js'
import { DesignateForm, ElectForm, RotateForm, UndesignateForm } from './hand-over-forms.js'
import { EndStreamForm } from './end-stream-form.js'
import { KeyForm } from './key-form.js'

interface Props {
  dialog: Dialog
  opened: boolean
  close: () => void
  /** It has gone from the screen. */
  closed: () => void
}

export default function AnyDialog({ dialog, opened, close, closed }: Props) {
  return (
    <Modal.Root
      opened={opened}
      onClose={close}
      onExitTransitionEnd={closed}
      returnFocus={false}
      centered
      size="md"
      transitionProps={{ duration: 120 }}
    >
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes['head']}>
          <Modal.Title className={classes['title']}>{titleOf(dialog)}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>
          <Form dialog={dialog} close={close} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

function titleOf(dialog: Dialog): string {
  switch (dialog.kind) {
    case 'key':
      return 'Enter a key'
    case 'provision':
      return 'Provision an engine'
    case 'scale':
      return 'Scale the fleet'
    case 'elect':
      return 'Elect another engine'
    case 'rotate':
      return 'Rotate the forwarded port'
    case 'undesignate':
      return 'Name nobody any more'
    case 'end-stream':
      return 'Take the stream as ended'
    case 'designate':
      return `Make engine ${engineName(dialog.engineId)} forwarded`
    case 'restart':
      return `Restart engine ${engineName(dialog.engineId)}`
    case 'drain':
      return `Drain engine ${engineName(dialog.engineId)}`
    case 'remove':
      return `Delete engine ${engineName(dialog.engineId)}`
  }
}

function Form({ dialog, close }: { dialog: Dialog; close: () => void }) {
  switch (dialog.kind) {
    case 'key':
      return <KeyForm close={close} />
    case 'provision':
      return <ProvisionForm close={close} />
    case 'scale':
      return <ScaleForm close={close} />
    case 'elect':
      return <ElectForm named={dialog.candidate} close={close} />
    case 'rotate':
      return <RotateForm close={close} />
    case 'undesignate':
      return <UndesignateForm close={close} />
    case 'end-stream':
      return <EndStreamForm streamId={dialog.streamId} close={close} />
    case 'designate':
      return <DesignateForm engineId={dialog.engineId} close={close} />
    case 'restart':
      return <RestartForm engineId={dialog.engineId} close={close} />
    case 'drain':
      return <DrainForm engineId={dialog.engineId} close={close} />
    case 'remove':
      return <RemoveForm engineId={dialog.engineId} close={close} />
  }
}
