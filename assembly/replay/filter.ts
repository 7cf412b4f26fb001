/**
 * The filter in front of L1: drops references that repeat the last one of their set.
 *
 * Such a reference hits and changes no state: not the order of LRU (it is in front already), nothing under FIFO and
 * random, and under tree-PLRU it points the same nodes the same way again. That holds because the filter has at most as
 * many slots as the structure has sets, so that equal slots follow from equal sets. A filter with more slots than sets
 * (a stripped trace) would be exact for no policy; one with slots fixed at 16 only for structures of 16 sets or more.
 */

/** Appends the keys of [k, end) that get through at `out`; gives the new end. */
export function filter(slots: usize, mask: u32, k: usize, end: usize, out: usize): usize {
  while (k < end) {
    const q = load<u32>(k);
    const slot = slots + ((<usize>(q & mask)) << 2);
    const last = load<u32>(slot);
    store<u32>(slot, q);
    store<u32>(out, q);
    out += (<usize>(last != q)) << 2;
    k += 4;
  }
  return out;
}
