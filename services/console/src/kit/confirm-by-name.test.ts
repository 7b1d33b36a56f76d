/** What cannot be undone is done only after its name was typed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { act, createElement } from 'react'
import { type ComponentStage, openComponentStage } from '../testing/component-stage.ts'

let stage: ComponentStage

before(async () => {
  stage = await openComponentStage()
})

after(() => stage.close())

test('the button waits for the whole name', async () => {
  const { ConfirmByName } =
    await stage.load<typeof import('./confirm-by-name.tsx')>('kit/confirm-by-name.tsx')
  let confirmed = 0
  const props = {
    opened: true,
    onClose: () => {},
    title: 'Delete this collection?',
    name: 'books',
    action: 'Delete collection',
    onConfirm: () => {
      confirmed += 1
    },
    isRunning: false,
    error: undefined,
    children: 'All of it.',
  }
  await stage.show(createElement(ConfirmByName, props))
  const { document } = stage
  const button = document.querySelector<HTMLButtonElement>('button[type=submit]')
  const input = document.querySelector<HTMLInputElement>('input')
  assert.ok(button && input)
  assert.equal(button.disabled, true)
  await type(input, 'book')
  assert.equal(button.disabled, true)
  await type(input, 'books')
  assert.equal(button.disabled, false)
  await act(async () => button.click())
  assert.equal(confirmed, 1)
})

/** As a person does, past React's own record of the value. */
async function type(input: HTMLInputElement, text: string): Promise<void> {
  const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(input), 'value') ?? {}
  await act(async () => {
    set?.call(input, text)
    input.dispatchEvent(
      new (input.ownerDocument.defaultView as Window & typeof globalThis).Event('input', {
        bubbles: true,
      }),
    )
  })
}
