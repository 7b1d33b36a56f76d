/**
 * Typing over a selection of several lines, done by the editor itself.
 *
 * The browser would join the lines in the page first and keep their looks by a `style` attribute,
 * which the content security policy refuses and reports; the editor would then read the text back.
 */
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

export const typeOverLines: Extension = EditorView.domEventHandlers({
  beforeinput({ inputType, data }, view) {
    const { state } = view
    const { from, to } = state.selection.main
    const isWithinLine = state.doc.lineAt(from).to >= to
    if (inputType !== 'insertText' || data === null || isWithinLine) return false
    const insert = () =>
      state.update(state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true })
    const handlers = state.facet(EditorView.inputHandler)
    if (!handlers.some((handle) => handle(view, from, to, data, insert))) view.dispatch(insert())
    return true
  },
})
