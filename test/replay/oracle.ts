/**
 * The obvious TLB simulator: sets as arrays, one reference at a time, written from docs/throughput.md and not from the
 * engine.
 */
import type { PolicyName } from "../../src/replay/geometry.js";

export interface OracleShape {
  /** Sets and ways by page size: L1, L2; sets 0 shares with the next smaller size. */
  readonly l1: readonly (readonly [number, number])[];
  readonly l1i?: readonly (readonly [number, number])[];
  readonly l2: readonly (readonly [number, number])[];
  readonly policy: PolicyName;
  readonly levels: number;
  /** Sets and ways of the paging-structure caches, all LRU: PDE, PDPTE, PML4E, PML5E. */
  readonly pscs: readonly (readonly [number, number])[];
}

interface Entry {
  readonly key: string;
  readonly asid: number;
  readonly first: number;
  readonly last: number;
}

class Dice {
  #state = 2463534242;

  below(count: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return Number((BigInt(x >>> 0) * BigInt(count)) >> 32n);
  }
}

/** One structure: ways as slots, with the order of use (or of filling) beside them. */
class Cache {
  readonly #sets = new Map<number, { slots: (Entry | undefined)[]; order: number[]; tree: Map<number, boolean> }>();

  constructor(
    readonly sets: number,
    readonly ways: number,
    readonly policy: PolicyName,
    readonly dice: Dice,
  ) {}

  #set(index: number) {
    const at = index % this.sets;
    let set = this.#sets.get(at);
    if (set === undefined) {
      set = { slots: new Array(this.ways).fill(undefined), order: [], tree: new Map() };
      this.#sets.set(at, set);
    }
    return set;
  }

  /** Looks up and fills; true on a hit. */
  refer(entry: Entry, index: number): boolean {
    if (this.ways === 0) return false;
    const set = this.#set(index);
    const found = set.slots.findIndex((slot) => slot?.key === entry.key);
    let way = found;
    if (way < 0) {
      way = set.slots.indexOf(undefined);
      if (way < 0) way = this.#victim(set);
      set.slots[way] = entry;
    }
    if (found < 0 || this.policy === "lru") {
      set.order = set.order.filter((other) => other !== way);
      set.order.push(way);
    }
    if (this.policy === "plru") this.#point(set.tree, way);
    return found >= 0;
  }

  #victim(set: { order: number[]; tree: Map<number, boolean> }): number {
    if (this.policy === "random") return this.dice.below(this.ways);
    if (this.policy !== "plru") return set.order[0] as number;
    let low = 0;
    let size = 2 ** Math.ceil(Math.log2(this.ways));
    let node = 1;
    while (size > 1) {
      size /= 2;
      const right = (set.tree.get(node) ?? false) && low + size < this.ways;
      if (right) low += size;
      node = 2 * node + (right ? 1 : 0);
    }
    return low;
  }

  #point(tree: Map<number, boolean>, way: number): void {
    let low = 0;
    let size = 2 ** Math.ceil(Math.log2(this.ways));
    let node = 1;
    while (size > 1) {
      size /= 2;
      const right = way >= low + size;
      tree.set(node, !right);
      if (right) low += size;
      node = 2 * node + (right ? 1 : 0);
    }
  }

  removeIf(judge: (entry: Entry) => boolean): void {
    for (const set of this.#sets.values()) {
      set.slots.forEach((entry, way) => {
        if (entry === undefined || !judge(entry)) return;
        set.slots[way] = undefined;
        set.order = set.order.filter((other) => other !== way);
      });
    }
  }

  clear(): void {
    this.#sets.clear();
  }
}

/** Structures of one level by page size; those that share are the same object. */
function caches(shapes: readonly (readonly [number, number])[], policy: PolicyName, dice: Dice): Cache[] {
  const made: Cache[] = [];
  for (const [sets, ways] of shapes)
    made.push(sets === 0 ? (made.at(-1) as Cache) : new Cache(sets, ways, policy, dice));
  return made;
}

/** One CPU: caches of its own, and nothing of the others'. */
class Cpu {
  references = 0;
  l1Misses = 0;
  fetchMisses = 0;
  l2Misses = 0;
  loads = 0;
  readonly #l1: Cache[];
  readonly #l1i: Cache[];
  readonly #l2: Cache[];
  /** By level of the entry: PDE is 1. */
  readonly #walkCaches: Cache[];

  constructor(
    readonly shape: OracleShape,
    /** Size (0 to 2) of the page that holds a 4 KiB page. */
    readonly sizeOf: (page: number) => number,
  ) {
    const l1Dice = new Dice();
    this.#l1 = caches(shape.l1, shape.policy, l1Dice);
    this.#l1i = shape.l1i ? caches(shape.l1i, shape.policy, l1Dice) : this.#l1;
    this.#l2 = caches(shape.l2, shape.policy, new Dice());
    const walk = [[1, 0] as const, ...shape.pscs];
    this.#walkCaches = walk.map(([sets, ways]) => new Cache(sets, ways, "lru", l1Dice));
  }

  access(asid: number, address: number, size: number, isFetch: boolean): void {
    const last = Math.floor((address + Math.max(size, 1) - 1) / 4096);
    let page = Math.floor(address / 4096);
    while (page <= last) {
      const span = 512 ** this.sizeOf(page);
      this.#refer(asid, page, isFetch && this.shape.l1i !== undefined);
      page = (Math.floor(page / span) + 1) * span;
    }
  }

  #refer(asid: number, page: number, splits: boolean): void {
    this.references++;
    const size = this.sizeOf(page);
    const number = Math.floor(page / 512 ** size);
    const first = number * 512 ** size;
    const entry = { key: `${asid}:${size}:${number}`, asid, first, last: first + 512 ** size - 1 };
    if (((splits ? this.#l1i : this.#l1)[size] as Cache).refer(entry, number)) return;
    if (splits) this.fetchMisses++;
    else this.l1Misses++;
    if ((this.#l2[size] as Cache).refer(entry, number)) return;
    this.l2Misses++;
    this.#walk(asid, page, size);
  }

  #walk(asid: number, page: number, size: number): void {
    const top = this.shape.levels;
    const entryAt = (level: number): [Entry, number] => {
      const number = Math.floor(page / 512 ** level);
      return [{ key: `${asid}:${number}`, asid, first: 0, last: 0 }, number];
    };
    let level = size + 1;
    while (level < top && !this.#holds(level, entryAt(level))) level++;
    if (level < top) (this.#walkCaches[level] as Cache).refer(...entryAt(level));
    for (level--; level > size; level--) {
      this.loads++;
      (this.#walkCaches[level] as Cache).refer(...entryAt(level));
    }
    this.loads++;
  }

  #holds(level: number, [entry, number]: [Entry, number]): boolean {
    let found = false;
    // Looking must not move anything: judge without removing.
    (this.#walkCaches[level] as Cache).removeIf((other) => {
      if (other.key === entry.key && number >= 0) found = true;
      return false;
    });
    return found;
  }

  flush(): void {
    for (const cache of [...this.#l1, ...this.#l1i, ...this.#l2, ...this.#walkCaches]) cache.clear();
  }

  /** Removes what covers the 4 KiB pages [first, last] of an ASID, and all walk caches. */
  invalidate(asid: number, first: number, last: number): void {
    for (const cache of new Set([...this.#l1, ...this.#l1i, ...this.#l2])) {
      cache.removeIf((entry) => entry.asid === asid && entry.first <= last && entry.last >= first);
    }
    for (const cache of this.#walkCaches) cache.clear();
  }
}

/** The machine: its CPUs, and which CPU and ASID the trace has switched to. */
export class Oracle {
  asid = 0;
  #cpu = 0;
  readonly cpus = new Map<number, Cpu>();

  constructor(
    readonly shape: OracleShape,
    readonly sizeOf: (page: number) => number,
  ) {
    this.switchCpu(0);
  }

  switchCpu(cpu: number): void {
    this.#cpu = cpu;
    if (!this.cpus.has(cpu)) this.cpus.set(cpu, new Cpu(this.shape, this.sizeOf));
  }

  get #now(): Cpu {
    return this.cpus.get(this.#cpu) as Cpu;
  }

  access(address: number, size: number, isFetch: boolean): void {
    this.#now.access(this.asid, address, size, isFetch);
  }

  flush(): void {
    this.#now.flush();
  }

  invalidate(asid: number, first: number, last: number): void {
    this.#now.invalidate(asid, first, last);
  }
}
