/**
 * The steps of the tutorial: calls that are made for real, each also as curl, TypeScript and CLI.
 *
 * Plain data, so that a test runs every block of code as it is shown (tests/console/learn.test.ts).
 */
import { shellWord, toCurl } from '../../kit/shell-text.ts'

export interface LearnCall {
  readonly verb: 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
}

export interface LearnStep {
  readonly id: string
  readonly title: string
  /** What it is about, before it is run. */
  readonly text: string
  /** What to look at in the answer. */
  readonly look: string
  readonly calls: readonly LearnCall[]
  /** Statements over `vectron`; the last value is printed. */
  readonly typescript: string
  readonly cli: readonly string[]
}

/** The prefix of every name that the tutorial makes: its key may do nothing else. */
export const LEARN_PREFIX = 'learn-'
const BOOKS = `${LEARN_PREFIX}books`
const SHELF = `${LEARN_PREFIX}shelf`
const SEARCH = `/v1/collections/${BOOKS}/points:search`

const TEXTS = [
  ['dune', 'a desert planet, giant worms and a struggle for spice', 'fantasy', 1965],
  ['solaris', 'scientists on a space station above a living ocean', 'science', 1961],
  ['moby-dick', 'a captain hunts a white whale across the sea', 'adventure', 1851],
  ['treasure-island', 'a boy, pirates and a map of buried gold', 'adventure', 1883],
  ['emma', 'a young woman arranges the marriages of her friends', 'society', 1815],
  ['the-martian', 'an astronaut left alone on mars grows potatoes', 'science', 2011],
] as const

const POINTS = TEXTS.map(([id, text, genre, year]) => ({
  id,
  text,
  payload: { genre, year, about: text },
}))

const NEW_COLLECTION = {
  name: BOOKS,
  embedder: 'glove-sif-100',
  payloadSchema: { genre: 'keyword', year: 'integer' },
}
const QUERY = 'a journey through space'
const ADVENTURES = { must: [{ field: 'genre', match: 'adventure' }] }
const NEWER = {
  strategy: 'rules',
  parameters: {
    rules: [{ kind: 'number', field: 'year', from: 1800, to: 2020, boost: 0.5 }],
  },
}

export const STEPS: readonly LearnStep[] = [
  {
    id: 'create',
    title: 'Make a collection',
    text:
      'A collection holds points: vectors with their payloads. This one makes vectors ' +
      'out of texts by the built-in model, and indexes two fields of payloads for ' +
      'filters.',
    look: 'The collection, with the dimension of the model.',
    calls: [{ verb: 'POST', path: '/v1/collections', body: NEW_COLLECTION }],
    typescript: `await vectron.createCollection(${code(NEW_COLLECTION)})`,
    cli: [
      `npx vectron collection create ${BOOKS} --embedder glove-sif-100` +
        ' --field genre:keyword --field year:integer',
    ],
  },
  {
    id: 'upsert',
    title: 'Write points',
    text:
      'Each has an id, a text that becomes its vector, and a payload of any JSON. ' +
      'Writing an id again replaces the point.',
    look:
      'How many were written. The write is on the disk of a majority of replicas when ' +
      'the answer comes.',
    calls: [
      { verb: 'POST', path: `/v1/collections/${BOOKS}/points:upsert`, body: { points: POINTS } },
    ],
    typescript: `await vectron.collection('${BOOKS}').upsert(${code(POINTS)})`,
    cli: POINTS.map(
      ({ id, text, payload }) =>
        `npx vectron point upsert ${BOOKS} ${id} --text ${shellWord(text)}` +
        ` --payload ${shellWord(JSON.stringify(payload))}`,
    ),
  },
  {
    id: 'search',
    title: 'Search by meaning',
    text: 'No word of the question stands in the texts: they are found by what they are about.',
    look: 'The nearest first, each with its score.',
    ...searchStep({ text: QUERY, topK: 3 }, [shellWord(QUERY), '-k 3']),
  },
  {
    id: 'filter',
    title: 'Filter',
    text:
      'Only points whose payload matches. The filter holds while the graph is walked, ' +
      'so that as many results come as were asked for, if there are so many.',
    look: 'Two adventures, and completeness: whether all that match were seen.',
    ...searchStep({ text: QUERY, topK: 3, filter: ADVENTURES }, [
      shellWord(QUERY),
      '-k 3',
      `--filter ${shellWord(JSON.stringify(ADVENTURES))}`,
    ]),
  },
  {
    id: 'explain',
    title: 'See the plan',
    text:
      'With explain, the answer tells how each shard searched, what it had expected, ' +
      'and where the time went.',
    look: 'explain: the plan of each shard; stages: when each began and how long it took.',
    ...searchStep({ text: QUERY, topK: 2, explain: true }, [shellWord(QUERY), '-k 2', '--explain']),
  },
  {
    id: 'why-not',
    title: 'Ask why a point is missing',
    text: 'Emma is not among the adventures. Is it the filter, its rank, or was it not reached?',
    look: 'whyNot: the reason, and the condition that failed.',
    ...searchStep({ text: QUERY, topK: 2, filter: ADVENTURES, whyNot: 'emma' }, [
      shellWord(QUERY),
      '-k 2',
      `--filter ${shellWord(JSON.stringify(ADVENTURES))}`,
      '--why-not emma',
    ]),
  },
  {
    id: 'rerank',
    title: 'Rerank the best',
    text:
      'The nearest are put into another order by more than their vectors: here, newer ' +
      'books rise.',
    look: 'Each result with its originalScore and the rerankReason.',
    ...searchStep({ text: QUERY, topK: 3, rerank: NEWER }, [
      shellWord(QUERY),
      '-k 3',
      `--rerank ${shellWord(JSON.stringify(NEWER))}`,
    ]),
  },
  {
    id: 'alias',
    title: 'Give it a second name',
    text:
      'Programs that use an alias go over to another collection at one moment, ' +
      'without a failed request.',
    look: 'The alias. Searches may name it from now on.',
    calls: [
      {
        verb: 'POST',
        path: '/v1/aliases:update',
        body: { actions: [{ create: { alias: SHELF, collection: BOOKS } }] },
      },
    ],
    typescript: `await vectron.aliases.update([{ create: { alias: '${SHELF}', collection: '${BOOKS}' } }])`,
    cli: [`npx vectron alias create ${SHELF} ${BOOKS}`],
  },
  {
    id: 'clean-up',
    title: 'Clean up',
    text: 'A collection to which an alias points is not deleted: the alias goes first.',
    look: 'Nothing is left of the tutorial.',
    calls: [
      {
        verb: 'POST',
        path: '/v1/aliases:update',
        body: { actions: [{ delete: { alias: SHELF } }] },
      },
      { verb: 'DELETE', path: `/v1/collections/${BOOKS}` },
    ],
    typescript: [
      `await vectron.aliases.update([{ delete: { alias: '${SHELF}' } }])`,
      `await vectron.deleteCollection('${BOOKS}')`,
    ].join('\n'),
    cli: [`npx vectron alias delete ${SHELF}`, `npx vectron collection delete ${BOOKS} --yes`],
  },
]

function searchStep(body: object, flags: readonly string[]) {
  return {
    calls: [{ verb: 'POST', path: SEARCH, body }],
    typescript: `await vectron.collection('${BOOKS}').search(${code(body)})`,
    cli: [`npx vectron search ${BOOKS} ${flags.join(' ')}`],
  } as const
}

/** As one writes it in TypeScript: names without quotes. */
function code(value: object): string {
  return JSON.stringify(value, null, 2).replaceAll(/^(\s*)"(\w+)":/gm, '$1$2:')
}

export type Language = 'curl' | 'typescript' | 'cli'
export const LANGUAGES: readonly Language[] = ['curl', 'typescript', 'cli']

/** The code of a step, to be run as it is where the key is in VECTRON_API_KEY. */
export function codeOf(step: LearnStep, language: Language, origin: string): string {
  switch (language) {
    case 'curl':
      return step.calls
        .map(({ verb, path, body }) =>
          toCurl(origin, {
            verb,
            path,
            body: body === undefined ? '' : JSON.stringify(body, null, 2),
          }),
        )
        .join('\n')
    case 'typescript': {
      const lines = step.typescript.split('\n')
      const last = lines.findLastIndex((line) => line.startsWith('await '))
      const statement = lines.slice(last).join('\n')
      return [
        `import { Vectron } from '@vectron/client'`,
        '',
        `const vectron = new Vectron({ url: '${origin}', apiKey: process.env.VECTRON_API_KEY })`,
        ...lines.slice(0, last),
        `const answer = ${statement}`,
        'console.dir(answer, { depth: null })',
      ].join('\n')
    }
    case 'cli':
      return [`export VECTRON_URL=${origin}`, ...step.cli].join('\n')
  }
}
