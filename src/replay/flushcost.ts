/**
 * What flushes cost a program: the refills that they cause on its own trace, by the way in which they are done.
 *
 * Counted against the same trace without flushes, so a refill is a miss that the flush alone caused. The strategies are
 * the kernel's: x86 invalidates page by page up to a ceiling (tlb_single_page_flush_ceiling, 33) and drops everything
 * above; a ranged flush is one operation that reaches the pages of the range only (arm64 with FEAT_TLBIRANGE).
 */
import { RecordType } from "../../assembly/abi/replay.js";
import { Engine, type PageRange } from "./engine.js";
import { findTlb } from "./presets.js";
import type { Pages, RecordBatches } from "./tlb.js";

/** A flush of `pages` base pages at `start` (bytes), behind the record with index `after`. */
export interface FlushRequest {
  readonly after: number;
  readonly start: bigint;
  readonly pages: number;
}

/** All at once; the range alone; page by page up to so many pages, else all at once. */
export type FlushStrategy = "full" | "ranged" | { readonly ceiling: number };

export interface FlushCostOptions {
  /** Gives the records from the beginning each time that it is called. */
  readonly source: () => RecordBatches;
  /** In order of `after`. */
  readonly flushes: readonly FlushRequest[];
  readonly strategies?: readonly FlushStrategy[];
  readonly tlb?: string;
  readonly pages?: Exclude<Pages, "thp">;
}

export interface FlushCostRow {
  readonly strategy: string;
  /** Operations: full flushes, invalidations of pages or ranges. */
  readonly flushes: number;
  readonly invalidations: number;
  readonly l1Refills: number;
  readonly l2Refills: number;
  readonly walkReferences: number;
}

const DEFAULT: readonly FlushStrategy[] = ["full", "ranged", { ceiling: 33 }];
const PAGE = 4096n;

const event = (type: RecordType, address: bigint): bigint => (BigInt(type) << 56n) | (address & 0xffffffffffffn);

/** The events that a request becomes. */
function eventsOf(request: FlushRequest, strategy: FlushStrategy): bigint[] {
  const { start, pages } = request;
  const isFull = strategy === "full" || (typeof strategy === "object" && pages > strategy.ceiling);
  if (isFull) return [event(RecordType.FLUSH_ALL, 0n)];
  if (strategy === "ranged") {
    const range = RecordType.INVALIDATE_RANGE;
    return [event(range, start), event(range, start + BigInt(pages) * PAGE)];
  }
  return Array.from({ length: pages }, (_, i) => event(RecordType.INVALIDATE, start + BigInt(i) * PAGE));
}

async function run(options: FlushCostOptions, strategy: FlushStrategy | undefined): Promise<Engine> {
  const engine = new Engine({ geometry: findTlb(options.tlb ?? "skylake"), pages: options.pages ?? "4k" });
  let index = 0;
  let next = 0;
  for await (const batch of options.source()) {
    let from = 0;
    while (strategy !== undefined && next < options.flushes.length) {
      const request = options.flushes[next] as FlushRequest;
      const at = request.after + 1 - index;
      if (at > batch.length) break;
      if (at > from) engine.feed(batch.subarray(from, at));
      from = Math.max(from, at);
      engine.feed(BigUint64Array.from(eventsOf(request, strategy)));
      next++;
    }
    if (from < batch.length) engine.feed(batch.subarray(from));
    index += batch.length;
  }
  engine.finish();
  return engine;
}

const nameOf = (strategy: FlushStrategy): string =>
  typeof strategy === "string" ? strategy : `pages, full above ${strategy.ceiling}`;

/** What each strategy costs. */
export async function flushCost(options: FlushCostOptions): Promise<FlushCostRow[]> {
  const calm = (await run(options, undefined)).counts();
  const rows: FlushCostRow[] = [];
  for (const strategy of options.strategies ?? DEFAULT) {
    const counts = (await run(options, strategy)).counts();
    rows.push({
      strategy: nameOf(strategy),
      flushes: counts.flushes,
      invalidations: counts.invalidations,
      l1Refills: counts.l1Misses - calm.l1Misses,
      l2Refills: counts.l2Misses - calm.l2Misses,
      walkReferences: counts.walkReferences - calm.walkReferences,
    });
  }
  return rows;
}

export interface PmdSharing {
  /** Address spaces that touch the ranges. */
  readonly spaces: number;
  /** PMD tables (4 KiB each), without sharing and with. */
  readonly tables: readonly [number, number];
  /** Cache lines of PMD entries (8 entries each) that walks read. */
  readonly lines: readonly [number, number];
}

/**
 * What huge_pmd_share() saves where the ranges are one shared hugetlbfs mapping at the same addresses in every address
 * space of the trace: page tables and the cache lines of their entries. Only GiB that a range covers whole are shared.
 * `processes` counts each address space so often, as if so many processes ran the same.
 */
export async function pmdSharing(
  source: () => RecordBatches,
  ranges: readonly PageRange[],
  processes = 1,
): Promise<PmdSharing> {
  const bounds = ranges.map(({ start, end }) => [Number(start), Number(end)] as const);
  const huge = new Map<number, Set<number>>();
  let asid = 0;
  for await (const batch of source()) {
    const words = new Uint32Array(batch.buffer, batch.byteOffset, 2 * batch.length);
    for (let i = 0; i < words.length; i += 2) {
      const high = words[i + 1] as number;
      const type = high >>> 24;
      const address = (high & 0xffff) * 2 ** 32 + (words[i] as number);
      if (type === RecordType.SWITCH_ASID) asid = address;
      if (type === 0 || type >= RecordType.FLUSH_ALL) continue;
      if (!bounds.some(([start, end]) => address >= start && address < end)) continue;
      const seen = huge.get(asid) ?? new Set();
      huge.set(asid, seen.add(Math.floor(address / 2 ** 21)));
    }
  }
  const isShareable = (gib: number): boolean => {
    const [start, end] = [gib * 2 ** 30, (gib + 1) * 2 ** 30];
    return bounds.some((range) => range[0] <= start && range[1] >= end);
  };
  const count = (pagesOfUnit: number): readonly [number, number] => {
    let alone = 0;
    const shared = new Set<number>();
    let unshared = 0;
    for (const pages of huge.values()) {
      const units = new Set([...pages].map((page) => Math.floor(page / pagesOfUnit)));
      alone += units.size * processes;
      for (const unit of units) {
        const gib = Math.floor((unit * pagesOfUnit) / 512);
        if (isShareable(gib)) shared.add(unit);
        else unshared += processes;
      }
    }
    return [alone, shared.size + unshared];
  };
  return { spaces: huge.size * processes, tables: count(512), lines: count(8) };
}
