/**
 * A tiny cross-encoder in ONNX form, with its tokenizer, written byte by byte: real files that the
 * runtime loads and computes.
 *
 * A token is worth its id, where it is attended to and, with types, belongs to the document: so the
 * score of a pair is a sum that a test can do on paper.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface TinyModel {
  /** Numbers of a pair: 1, or 2 classes of which the first is always 0. */
  readonly classes?: 1 | 2
  /** Name of the first input. */
  readonly input?: string
}

/** Ids of the tokens. */
export const VOCABULARY = {
  '[PAD]': 0,
  '[UNK]': 1,
  '[CLS]': 2,
  '[SEP]': 3,
  red: 10,
  fox: 20,
  dog: 40,
} as const

/** Writes a folder as the setting `rerank.onnxModel` names it. */
export function writeTinyModel(folder: string, model: TinyModel = {}): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'model.onnx'), encodeModel(model))
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(TOKENIZER))
  writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(CONFIG))
}

const CONFIG = {
  tokenizer_class: 'BertTokenizer',
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  model_max_length: 512,
}

const special = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})
const piece = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } })
const sequence = (id: 'A' | 'B', type: number) => ({ Sequence: { id, type_id: type } })

const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [
    special('[PAD]', 0),
    special('[UNK]', 1),
    special('[CLS]', 2),
    special('[SEP]', 3),
  ],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [piece('[CLS]', 0), sequence('A', 0), piece('[SEP]', 0)],
    pair: [
      piece('[CLS]', 0),
      sequence('A', 0),
      piece('[SEP]', 0),
      sequence('B', 1),
      piece('[SEP]', 1),
    ],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: VOCABULARY,
  },
}

// ONNX is protobuf (onnx/onnx.proto3 of the format); the numbers below are its field numbers.

const FLOAT = 1
const INT64 = 7
const OPSET = 13

function encodeModel({ classes = 1, input = 'input_ids' }: TinyModel): Uint8Array {
  const nodes = [
    node('Mul', [input, 'attention_mask'], ['attended']),
    node('Mul', ['attended', 'token_type_ids'], ['of_document']),
    node('ReduceSum', ['of_document', 'axes'], ['sums'], [attribute('keepdims', 1)]),
    ...(classes === 1
      ? [node('Cast', ['sums'], ['logits'], [attribute('to', FLOAT)])]
      : [
          node('Sub', ['sums', 'sums'], ['zeros']),
          node('Concat', ['zeros', 'sums'], ['both'], [attribute('axis', 1)]),
          node('Cast', ['both'], ['logits'], [attribute('to', FLOAT)]),
        ]),
  ]
  const axes = join(int(1, 1), int(2, INT64), bytes(7, varint(1)), text(8, 'axes'))
  const graph = join(
    ...nodes.map((each) => bytes(1, each)),
    text(2, 'tiny'),
    bytes(5, axes),
    ...[input, 'attention_mask', 'token_type_ids'].map((name) =>
      bytes(11, value(name, INT64, ['pairs', 'tokens'])),
    ),
    bytes(12, value('logits', FLOAT, ['pairs', classes])),
  )
  return join(int(1, 8), text(2, 'vectron'), bytes(7, graph), bytes(8, int(2, OPSET)))
}

function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Uint8Array[] = [],
): Uint8Array {
  return join(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, type),
    ...attributes.map((each) => bytes(5, each)),
  )
}

/** An attribute that is an integer (type 2). */
function attribute(name: string, number: number): Uint8Array {
  return join(text(1, name), int(3, number), int(20, 2))
}

function value(name: string, type: number, dims: readonly (string | number)[]): Uint8Array {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)))
  const tensor = join(int(1, type), bytes(2, join(...shape)))
  return join(text(1, name), bytes(2, bytes(1, tensor)))
}

function int(field: number, number: number): Uint8Array {
  return join(varint(8 * field), varint(number))
}

function text(field: number, content: string): Uint8Array {
  return bytes(field, Buffer.from(content))
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return join(varint(8 * field + 2), varint(content.length), content)
}

function varint(number: number): Uint8Array {
  const out: number[] = []
  for (let left = number; ; left = Math.floor(left / 128)) {
    if (left < 128) return Uint8Array.of(...out, left)
    out.push((left % 128) + 128)
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
