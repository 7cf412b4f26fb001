/**
 * The address space of a process as the log tells it: mappings, what is touched in them, and which page tables that
 * takes. It decides what the machines are asked to do, and how much room they need.
 *
 * Invariants
 *   A1  Mappings are sorted by address and do not overlap. They are cut where the core cuts its VMAs, so that there
 *       are never more VMAs in the core than mappings here (two more while a call runs).
 *   A2  The page tables counted here are no fewer than those of the core: a table counts while any mapping needs it,
 *       shared ones once for each sharer.
 */
import type { HugeFile } from "./files.js";
import { down, GIB, HUGE, PUD_SPAN, pagesIn, within } from "./pages.js";

export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** VmaFlag.READ and WRITE. */
  prot: number;
  /** VmaFlag.SHARED, MAYSHARE and HUGETLB. */
  readonly flags: number;
  /** undefined for base pages. */
  readonly file: HugeFile | undefined;
  /** Where it begins in the file, in base pages. */
  readonly offset: number;
  /** Pages that the process has touched. */
  touched: readonly number[];
}

/** Spans of the entries that point to the three kinds of tables below the top level, smallest first. */
const TABLE_SPANS = [HUGE, GIB, PUD_SPAN] as const;

export class Space {
  /** Number in the machines. */
  readonly mm: number;
  /** Tasks that run in it. */
  users = 0;
  mappings: Mapping[] = [];
  /** First page of the heap and the break, in bytes; undefined until brk tells. */
  heap: number | undefined;
  break = 0;
  /** Attached segments: first page to number of pages. */
  readonly attached = new Map<number, number>();
  /** Made by fork and not yet run: what it inherits is to be touched. */
  isUnborn = false;
  /** Pages touched, base and huge, in base pages. */
  basePages = 0;
  hugePages = 0;
  readonly #tables = TABLE_SPANS.map(() => new Set<number>());

  constructor(mm: number) {
    this.mm = mm;
  }

  get tables(): number {
    return this.#tables.reduce((sum, set) => sum + set.size, 0);
  }

  /** Index of the first mapping that ends after `page`. */
  #firstAfter(page: number): number {
    let low = 0;
    let high = this.mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.mappings[middle] as Mapping).end > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Mappings that overlap [start, end). */
  overlapping(start: number, end: number): Mapping[] {
    const found: Mapping[] = [];
    for (let i = this.#firstAfter(start); i < this.mappings.length; i++) {
      const mapping = this.mappings[i] as Mapping;
      if (mapping.start >= end) break;
      found.push(mapping);
    }
    return found;
  }

  /** Puts in a mapping where there is none. What it says is touched counts. */
  add(mapping: Mapping): void {
    this.mappings.splice(this.#firstAfter(mapping.start), 0, mapping);
    if (mapping.file !== undefined) mapping.file.mappings++;
    this.#count(mapping, mapping.touched);
  }

  /** `runs` of the mapping, which were not, are touched. */
  touch(mapping: Mapping, runs: readonly number[]): void {
    mapping.touched = [...mapping.touched, ...runs];
    this.#count(mapping, runs);
  }

  /** Pages that [from, to) of the mapping had touched are gone; the tables stay. */
  untouch(mapping: Mapping, kept: readonly number[]): void {
    this.#add(mapping, pagesIn(kept) - pagesIn(mapping.touched));
    mapping.touched = kept;
  }

  #add(mapping: Mapping, pages: number): void {
    if (mapping.file === undefined) this.basePages += pages;
    else this.hugePages += pages;
  }

  #count(mapping: Mapping, runs: readonly number[]): void {
    this.#add(mapping, pagesIn(runs));
    for (let i = 0; i < runs.length; i += 2) {
      // A huge page needs no table of base pages.
      for (let level = mapping.file === undefined ? 0 : 1; level < TABLE_SPANS.length; level++) {
        const span = TABLE_SPANS[level] as number;
        const set = this.#tables[level] as Set<number>;
        for (let at = down(runs[i] as number, span); at < (runs[i + 1] as number); at += span) set.add(at);
      }
    }
  }

  /** Cuts the mapping that has `page` inside, so that one begins there. */
  splitAt(page: number): void {
    const index = this.#firstAfter(page);
    const mapping = this.mappings[index];
    if (mapping === undefined || mapping.start >= page) return;
    const lower = { ...mapping, end: page, touched: within(mapping.touched, mapping.start, page) };
    const upper = {
      ...mapping,
      start: page,
      offset: mapping.offset + page - mapping.start,
      touched: within(mapping.touched, page, mapping.end),
    };
    this.mappings.splice(index, 1, lower, upper);
    if (mapping.file !== undefined) mapping.file.mappings++;
  }

  /** Takes out what lies in [start, end), and the tables that nobody needs any more. */
  remove(start: number, end: number): Mapping[] {
    this.splitAt(start);
    this.splitAt(end);
    const gone = this.overlapping(start, end);
    if (gone.length === 0) return gone;
    this.mappings.splice(this.#firstAfter(start), gone.length);
    for (const mapping of gone) {
      if (mapping.file !== undefined) mapping.file.mappings--;
      this.#add(mapping, -pagesIn(mapping.touched));
    }
    this.#dropTables(start, end);
    return gone;
  }

  #dropTables(start: number, end: number): void {
    this.#tables.forEach((set, level) => {
      const span = TABLE_SPANS[level] as number;
      const first = down(start, span);
      // Whichever are fewer: the tables that there are, or those that the range could have.
      const inRange = (end - first) / span;
      const candidates = inRange < set.size ? spans(first, end, span) : set;
      for (const at of candidates) {
        if (at + span > start && at < end && !this.#needs(at, at + span)) set.delete(at);
      }
    });
  }

  #needs(start: number, end: number): boolean {
    const next = this.mappings[this.#firstAfter(start)];
    return next !== undefined && next.start < end;
  }
}

function* spans(first: number, end: number, span: number): Generator<number> {
  for (let at = first; at < end; at += span) yield at;
}
