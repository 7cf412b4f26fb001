/** A heap of words, the largest on top; its count is kept by whom it belongs to. */

/** Adds a word to a heap of `count`. */
export function rise(heap: usize, count: u32, word: u32): void {
  let child = count;
  while (child != 0) {
    const parent = (child - 1) >> 1;
    const above = load<u32>(heap + ((<usize>parent) << 2));
    if (above > word) break;
    store<u32>(heap + ((<usize>child) << 2), above);
    child = parent;
  }
  store<u32>(heap + ((<usize>child) << 2), word);
}

/** Puts a word in the place of the top of a heap of `count`. */
export function sink(heap: usize, count: u32, word: u32): void {
  let place: u32 = 0;
  while ((place << 1) + 1 < count) {
    let child = (place << 1) + 1;
    const left = load<u32>(heap + ((<usize>child) << 2));
    const right = child + 1 < count ? load<u32>(heap + ((<usize>child) << 2), 4) : 0;
    if (right > left) child++;
    const larger = right > left ? right : left;
    if (larger < word) break;
    store<u32>(heap + ((<usize>place) << 2), larger);
    place = child;
  }
  store<u32>(heap + ((<usize>place) << 2), word);
}
