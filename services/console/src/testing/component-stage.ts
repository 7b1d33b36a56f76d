/**
 * Components in tests: a document without a browser (happy-dom), and modules as the build takes
 * them (Vite), so that a test says what a person sees and does.
 */
import { Window } from 'happy-dom'
import { createServer, type ViteDevServer } from 'vite'
import { testOptions } from '../../build/vite-options.ts'

export interface ComponentStage {
  readonly document: Document
  /** The exports of a module of the console. @param path from `src`, such as `kit/figure.tsx` */
  load<Exports>(path: string): Promise<Exports>
  /** Shows an element in place of the one before. */
  show(element: unknown): Promise<void>
  close(): Promise<void>
}

/** One for each file of tests: it puts the document into the global scope. */
export async function openComponentStage(): Promise<ComponentStage> {
  const window = new Window({ url: 'http://localhost/' })
  for (const name of GLOBALS) {
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true })
  }
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
  const vite = await createServer(testOptions())
  const { act } = await import('react')
  const { createRoot } = await import('react-dom/client')
  const { createElement } = await import('react')
  const { MantineProvider } = await import('@mantine/core')
  const document = window.document as unknown as Document
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  return {
    document,
    load: <Exports>(path: string) => loadModule<Exports>(vite, path),
    show: (element) =>
      act(async () => root.render(createElement(MantineProvider, null, element as never))),
    async close() {
      await act(async () => root.unmount())
      await vite.close()
      await window.happyDOM.close()
    },
  }
}

const GLOBALS = [
  'window',
  'document',
  'navigator',
  'location',
  'localStorage',
  'Element',
  'HTMLElement',
  'SVGElement',
  'Node',
  'MutationObserver',
  'ResizeObserver',
  'getComputedStyle',
  'requestAnimationFrame',
  'cancelAnimationFrame',
] as const

function loadModule<Exports>(vite: ViteDevServer, path: string): Promise<Exports> {
  return vite.ssrLoadModule(`/src/${path}`) as Promise<Exports>
}
