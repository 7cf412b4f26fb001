/**
 * Pages, and the pool of huge pages with its reservations.
 *
 * A huge page's object is its frame: whoever gets the frame next gets the object, so that a stale translation reads
 * what the new owner wrote. The pool hands out the frame that was freed last.
 *
 * Left out: which base frame is reused; the size of a NUMA node.
 */

export interface Page {
  readonly kind: "anon" | "zero" | "file" | "huge" | "thp";
  /** Entries that map it. */
  maps: number;
  /** Byte at the page's start. */
  value: number;
  /** It belongs to one mapping and was never shared by fork since it was last written (PageAnonExclusive). */
  exclusive: boolean;
  /** It waits in a CPU's list of pages to be put on the LRU, which holds a reference. */
  onList: boolean;
  /** The huge page that it is a part of, after its PMD entry was split. */
  readonly head?: Page;
  readonly index: number;
  /** It is in a page cache. */
  cached: boolean;
  /** NUMA node. */
  node: number;
}

export const newPage = (kind: Page["kind"], index = 0, head?: Page): Page => ({
  kind,
  maps: 0,
  value: 0,
  onList: false,
  exclusive: kind === "anon" || kind === "thp",
  index,
  cached: false,
  node: 0,
  ...(head === undefined ? {} : { head }),
});

export class HugePool {
  readonly #free: Page[] = [];
  reserved = 0;

  constructor(readonly total: number) {
    for (let i = total - 1; i >= 0; i--) this.#free.push(newPage("huge", i));
  }

  get free(): number {
    return this.#free.length;
  }

  /** Takes a page, from the reserve when the caller has one there. Undefined when none is left for it. */
  take(fromReserve: boolean): Page | undefined {
    if (!fromReserve && this.#free.length <= this.reserved) return undefined;
    const page = this.#free.pop();
    if (page === undefined) return undefined;
    if (fromReserve) this.reserved--;
    page.maps = 0;
    page.value = 0;
    page.cached = false;
    page.node = 0;
    return page;
  }

  give(page: Page): void {
    this.#free.push(page);
  }

  /** False when so many pages cannot be promised. */
  reserve(pages: number): boolean {
    if (pages > this.#free.length - this.reserved) return false;
    this.reserved += pages;
    return true;
  }
}
