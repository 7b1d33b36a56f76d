/**
 * Which package may import which: imports point down only, services never meet but in proto/, and
 * production code never imports testkit.
 */
import { type Finding, isTest, isTypeScript, type SourceFile } from './source-file.ts'

/** From the ground up. A package imports only from rows above its own. */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['contracts', 'native'],
  ['raft', 'rpc'],
  ['shard', 'routing', 'client', 'embed', 'ranking'],
  [
    'gateway-service',
    'placement-service',
    'worker-service',
    'auth-service',
    'reranker-service',
    'console-service',
  ],
  ['process'],
  ['standalone-service', 'local-cluster'],
  ['cli'],
  ['testkit'],
  ['sim'],
  ['bench', 'tests', 'tools'],
]

const SERVICE_LAYER = 4
const TESTKIT_LAYER = 8

const IMPORT = /^\s*(?:import|export)\b[^'"]*?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
const LINE_OF_FROM = /^\} from ['"]([^'"]+)['"]/gm

export function checkLayers(file: SourceFile): Finding[] {
  const own = packageOf(file.path)
  if (own === undefined || !isTypeScript(file.path)) return []
  return importsOf(file.text).flatMap(({ target, line }) => {
    const message = breach(file.path, own, target)
    return message === undefined ? [] : [{ rule: 'layers', path: file.path, line, message }]
  })
}

/** The package that a path belongs to, by the name after `@vectron/`. */
function packageOf(path: string): string | undefined {
  const [top, second] = path.split('/')
  switch (top) {
    case 'packages':
      return second
    case 'services':
      return `${second}-service`
    case 'tests':
    case 'tools':
      return top
    default:
      return undefined
  }
}

function breach(path: string, own: string, target: string): string | undefined {
  if (target.startsWith('.')) return breachOfRelative(path, target)
  const imported = /^@vectron\/([^/]+)/.exec(target)?.[1]
  if (imported === undefined || imported === own) return undefined
  const from = LAYERS.findIndex((layer) => layer.includes(own))
  const to = LAYERS.findIndex((layer) => layer.includes(imported))
  if (from < 0) return `@vectron/${own} has no layer; add it to tools/tidy/layer-rules.ts`
  if (to < 0) return `@vectron/${imported} has no layer; add it to tools/tidy/layer-rules.ts`
  if (to < from) return undefined
  if (to === TESTKIT_LAYER && isTest(path)) return undefined
  if (to === TESTKIT_LAYER) return 'testkit is for tests; move what production needs down'
  if (from === SERVICE_LAYER && to === SERVICE_LAYER) {
    return `services meet in proto/ only; call @vectron/${imported} through its client`
  }
  return `@vectron/${own} stands below or beside @vectron/${imported}; imports point down only`
}

function breachOfRelative(path: string, target: string): string | undefined {
  const rootUrl = 'file:///'
  const resolved = new URL(target, `${rootUrl}${path}`).href.slice(rootUrl.length)
  if (packageOf(resolved) === packageOf(path)) return undefined
  return `"${target}" leaves the package; import @vectron/<package> instead`
}

function importsOf(text: string): { target: string; line: number }[] {
  const found = [...text.matchAll(IMPORT), ...text.matchAll(LINE_OF_FROM)]
  const seen = new Map<string, { target: string; line: number }>()
  for (const match of found) {
    const target = match[1] ?? match[2] ?? ''
    const line = text.slice(0, match.index).split('\n').length
    if (!seen.has(target)) seen.set(target, { target, line })
  }
  return [...seen.values()]
}
