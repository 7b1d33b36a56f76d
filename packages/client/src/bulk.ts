/** Bulk writes: cuts a sequence into batches, and keeps some of them on the way at once. */

/** Batches of `size` items, the last one smaller. */
export async function* batchesOf<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/**
 * Writes batches with at most `concurrency` of them unanswered, and yields the answers in order.
 * The next batch is taken only when there is room, so memory stays bounded.
 */
export async function* writeInParallel<Batch, Answer>(
  batches: AsyncIterable<Batch>,
  concurrency: number,
  write: (batch: Batch) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const onTheWay: Promise<Answer>[] = []
  try {
    for await (const batch of batches) {
      const answer = write(batch)
      // It is awaited later, perhaps after it failed; until then its error must not go unhandled.
      answer.catch(() => {})
      onTheWay.push(answer)
      if (onTheWay.length < concurrency) continue
      const oldest = onTheWay.shift()
      if (oldest) yield await oldest
    }
    while (onTheWay.length > 0) {
      const oldest = onTheWay.shift()
      if (oldest) yield await oldest
    }
  } finally {
    // After an error or an early end the rest comes to its own end.
    await Promise.allSettled(onTheWay)
  }
}
