/**
 * The editor behind JsonEditor, by CodeMirror. Tab leaves it, as any field; Ctrl-Enter submits.
 *
 * Its styles carry the nonce of the page load. Invariant: the text of the editor is `value`, or
 * newer by what `onChange` has told already.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json, jsonParseLinter } from '@codemirror/lang-json'
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language'
import { linter } from '@codemirror/lint'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { pageNonce } from '../../app/page-nonce.ts'
import type { JsonEditorProps } from '../json-editor.tsx'
import classes from './code-editor.module.css'
import { completeJson } from './json-completion.ts'
import { typeOverLines } from './type-over-lines.ts'

const ROW_PX = 20

export function CodeEditor(props: JsonEditorProps) {
  const { value, rows = 6 } = props
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const latest = useRef(props)
  latest.current = props
  // Told, but not seen in `value` yet: it may come late, when more was typed already.
  const told = useRef<string[]>([])
  useEffect(() => {
    if (place.current === null) return
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: extensionsFor(
          () => latest.current,
          (text) => {
            told.current.push(text)
            latest.current.onChange(text)
          },
        ),
      }),
    })
    view.current = made
    return () => made.destroy()
  }, [])
  useEffect(() => {
    const at = told.current.lastIndexOf(value)
    if (at >= 0) {
      told.current.splice(0, at + 1)
      return
    }
    const shown = view.current
    if (shown === null || shown.state.doc.toString() === value) return
    told.current = []
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } })
  }, [value])
  return <div ref={place} className={classes['editor']} style={{ minHeight: rows * ROW_PX + 18 }} />
}

function extensionsFor(latest: () => JsonEditorProps, tell: (text: string) => void): Extension[] {
  const { label, lines = false, readOnly = false } = latest()
  const submit = () => {
    const { onSubmit } = latest()
    onSubmit?.()
    return onSubmit !== undefined
  }
  return [
    EditorView.cspNonce.of(pageNonce()),
    keymap.of([{ key: 'Mod-Enter', run: submit }]),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    typeOverLines,
    autocompletion({ override: [completeJson(() => latest().schemas)], icons: false }),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    json(),
    // One document is checked; of many, one a line, each would be.
    lines ? [] : linter(lintUnlessEmpty),
    syntaxHighlighting(HIGHLIGHT),
    EditorView.lineWrapping,
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) tell(update.state.doc.toString())
    }),
  ]
}

const lintJson = jsonParseLinter()

function lintUnlessEmpty(view: EditorView) {
  return view.state.doc.toString().trim() === '' ? [] : lintJson(view)
}

const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.propertyName, class: classes['name'] ?? '' },
  { tag: tags.string, class: classes['text'] ?? '' },
  { tag: [tags.number, tags.bool, tags.null], class: classes['value'] ?? '' },
])
