/** Files as people have them, torn ones too, are read row by row, from any row on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLayout, readRecords } from './read-file.ts'
import type { FileRecord } from './record.ts'

async function read(name: string, ...parts: BlobPart[]): Promise<FileRecord[]> {
  const file = new Blob(parts)
  const layout = await readLayout(file, name)
  const records: FileRecord[] = []
  for await (const record of readRecords(file, layout)) records.push(record)
  // Whatever the record, reading on behind it gives the same records.
  for (const [index, { row, end }] of records.entries()) {
    const more: FileRecord[] = []
    for await (const one of readRecords(file, layout, { offset: end, row: row + 1 })) more.push(one)
    const isAtEnd = end === file.size
    if (!isAtEnd) assert.deepEqual(more, records.slice(index + 1))
  }
  return records
}

function cells(records: readonly FileRecord[]): unknown[] {
  return records.map((record) => (record.kind === 'row' ? record.cells : record.problem))
}

test('CSV: a BOM, quoted commas, quotes and line ends, CRLF, blank lines, broken rows', async () => {
  const text = [
    '\ufeffid,title,vector',
    'a,"one, two","[1, 2]"',
    'b,"a ""quoted""\nword",3 4',
    '',
    'c,too few',
    'd,"open" x,1 2',
    'e,última,"5;6"',
  ]
  for (const end of ['\n', '\r\n']) {
    assert.deepEqual(cells(await read('x.csv', text.join(end))), [
      { id: 'a', title: 'one, two', vector: '[1, 2]' },
      { id: 'b', title: `a "quoted"\nword`, vector: '3 4' },
      '2 fields, where the heading has 3.',
      'A quote is not closed, or has text behind it.',
      { id: 'e', title: 'última', vector: '5;6' },
    ])
  }
  assert.deepEqual(cells(await read('x.csv', 'id;a\n1;"never closed\n2;x')), [
    'A quote is not closed, or has text behind it.',
  ])
  assert.deepEqual(cells(await read('x.tsv', 'id\tid\n1\t2')), [{ id: '1', 'id 2': '2' }])
  const broken = await read('x.csv', 'id\n', new Uint8Array([0xff, 0xfe]), '\nok\n')
  assert.deepEqual(cells(broken), ['Not UTF-8 text.', { id: 'ok' }])
})

test('JSONL: objects, and lines that are none', async () => {
  const records = await read('x.jsonl', '{"id":1}\n\n[1]\n{"id":\n{"id":"z"}')
  assert.deepEqual(
    records.map(({ row, kind }) => [row, kind]),
    [
      [1, 'row'],
      [2, 'broken'],
      [3, 'broken'],
      [4, 'row'],
    ],
  )
  await assert.rejects(read('x.bin', 'abc'), /not known what this file is/)
  await assert.rejects(read('x.csv'), /empty/)
})

function npy(header: string, data: ArrayBufferView<ArrayBuffer>): BlobPart[] {
  const padded = header.padEnd(118 - 10 - 1, ' ').concat('\n')
  const head = new Uint8Array(10 + padded.length)
  head.set([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8])
  head.set(Buffer.from(padded), 10)
  return [head, data]
}

test('npy: numbers of several types, a torn header, torn rows, promises not kept', async () => {
  const header = (descr: string, shape: string, order = 'False') =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`
  const vector = (...values: number[]) => ({ vector: Float32Array.from(values) })
  const floats = npy(header('<f4', '2, 3'), Float32Array.of(1, 2, 3, 4, 5, 6))
  assert.deepEqual(cells(await read('x.npy', ...floats)), [vector(1, 2, 3), vector(4, 5, 6)])
  const doubles = npy(header('<f8', '1, 2'), Float64Array.of(0.5, -2))
  assert.deepEqual(cells(await read('x.npy', ...doubles)), [vector(0.5, -2)])
  const halves = npy(header('<f2', '1, 3'), Uint16Array.of(0x3c00, 0xc000, 0x3555))
  const [half] = cells(await read('x', ...halves)) as { vector: Float32Array }[]
  assert.deepEqual(
    [...(half?.vector ?? [])].map((value) => value.toFixed(3)),
    ['1.000', '-2.000', '0.333'],
  )
  const short = npy(header('<f4', '3, 2'), Float32Array.of(1, 2, 3))
  assert.deepEqual(cells(await read('x.npy', ...short)), [
    vector(1, 2),
    'Torn: 4 of 8 bytes.',
    'The header promises 3 rows; the file ends before this one.',
  ])
  const [head] = floats as [Uint8Array<ArrayBuffer>]
  await assert.rejects(read('x.npy', head.subarray(0, 40)), /header of the npy file is torn/)
  const byColumns = npy(header('<f4', '2, 3', 'True'), Float32Array.of(1))
  await assert.rejects(read('x.npy', ...byColumns), /ascontiguousarray/)
  await assert.rejects(
    read('x.npy', ...npy(header('<f4', '6,'), Float32Array.of(1))),
    /shape \(6,\)/,
  )
  await assert.rejects(
    read('x.npy', ...npy(header('|O8', '1, 2'), Float32Array.of(1))),
    /no numbers/,
  )
})

test('fvecs: vectors with their dimension, a torn one, another dimension', async () => {
  const one = (dimension: number, ...values: number[]) => {
    const view = new DataView(new ArrayBuffer(4 + 4 * values.length))
    view.setInt32(0, dimension, true)
    for (const [index, value] of values.entries()) view.setFloat32(4 + 4 * index, value, true)
    return view
  }
  assert.deepEqual(cells(await read('x.fvecs', one(2, 1, 2), one(2, 3, 4), one(2, 5))), [
    { vector: Float32Array.of(1, 2) },
    { vector: Float32Array.of(3, 4) },
    'Torn: 8 of 12 bytes.',
  ])
  assert.deepEqual(cells(await read('x.fvecs', one(2, 1, 2), one(3, 3, 4, 5), one(2, 5, 6))), [
    { vector: Float32Array.of(1, 2) },
    'Dimension 3, where the first one has 2; what follows cannot be read.',
  ])
  await assert.rejects(read('x.fvecs', one(-1)), /dimension/)
})
