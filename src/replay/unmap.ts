/**
 * Range unmap at scale: the kernel's own munmap() (src/kernel listings) over gigabytes, in the checker's machine.
 *
 * The machine is the one that finds races; here it has real tables of 512 entries, one CPU, and runs in bulk
 * (assembly/mm/bulk.ts): a batch of pages is one step, and the oracle is not told.
 */
import { Tally, VmaFlag } from "../../assembly/abi/records.js";
import { backends } from "../kernel/arch/backends.js";
import { type Edition, findEdition, hasChange } from "../kernel/editions.js";
import { type CallSpec, Machine } from "../machine.js";

export interface UnmapOptions {
  readonly edition?: string;
  readonly backend?: string;
  /** Base pages of a dense range; huge pages of a range of 2 MiB pages; base pages spread over a sparse range. */
  readonly kind: "dense" | "huge" | "sparse";
  readonly pages: number;
  /** Base pages from one page to the next in a sparse range. */
  readonly stride?: number;
}

/** A range that is mapped and touched, ready to be unmapped. */
export interface UnmapRun {
  readonly machine: Machine;
  /** Does the munmap. Once. */
  readonly unmap: () => void;
}

const START = 512 * 512;
const HUGE_PAGES = 512;
/** Base pages of a 48-bit space; pages whose records fit into the memory of a machine. */
const SPACE = 2 ** 36;
export const PAGES_MOST = 1 << 22;
/** Pages of a gather, as recorded kernels have them: 8 and 19 batches of 510; by 6.12, 7 and 19 batches of 509. */
const gatherPages = (edition: Edition): number => (hasChange(edition, "6.12", undefined) ? 9678 : 9698);
/** Calls whose words fit the script region. */
const CALLS = 4096;

/** Maps and touches the range of a scenario. Throws RangeError for names that do not exist. */
export function prepareUnmap(options: UnmapOptions): UnmapRun {
  const { kind, pages } = options;
  const edition = findEdition(options.edition ?? "5.16");
  if (edition === undefined) throw new RangeError(`there is no edition "${options.edition}"`);
  const backend = backends.find(({ name }) => name === (options.backend ?? "x86"));
  if (backend === undefined) throw new RangeError(`there is no back-end "${options.backend}"`);
  const stride = kind === "sparse" ? (options.stride ?? HUGE_PAGES * HUGE_PAGES) : kind === "huge" ? HUGE_PAGES : 1;
  const end = START + pages * stride;
  if (!(pages >= 1 && pages <= PAGES_MOST && stride >= 1 && end < SPACE)) {
    throw new RangeError(`a range has 1 to ${PAGES_MOST} pages and ends below 256 TiB`);
  }
  const tables = 16 + Math.ceil(kind === "sparse" ? 3 * pages : (pages * stride) / HUGE_PAGES + 8);
  const machine = Machine.boot({
    geometry: "x86-64",
    edition,
    backend,
    cpus: 1,
    mms: 1,
    tasks: 1,
    files: 1,
    filePages: kind === "huge" ? pages : 4,
    tableFrames: tables,
    baseFrames: kind === "huge" ? 2 : pages + 8,
    hugeFrames: kind === "huge" ? pages + 8 : 2,
    batch: gatherPages(edition),
    script: 16 * CALLS,
    obligations: 64,
  });
  const flags = kind === "huge" ? VmaFlag.HUGETLB | VmaFlag.SHARED | VmaFlag.MAYSHARE : 0;
  const prot = VmaFlag.READ | VmaFlag.WRITE;
  if (kind === "huge") machine.setFile(0, pages, 1);
  machine.core.call.loadMm(0, 0);
  must(machine, [
    { call: "mmap", args: { start: START, end, prot, flags, ...(kind === "huge" ? { file: 1, offset: 0 } : {}) } },
  ]);
  for (let page = 0; page < pages; ) {
    const calls: CallSpec[] = [];
    for (; page < pages && calls.length < CALLS; page++)
      calls.push({ call: "store", args: { start: START + page * stride } });
    must(machine, calls);
  }
  // Compiled now: only the unmapping is to be measured.
  machine.entry("munmap");
  return { machine, unmap: () => must(machine, [{ call: "munmap", args: { start: START, end } }], true) };
}

function must(machine: Machine, calls: readonly CallSpec[], bulk = false): void {
  const signal = machine.perform(0, 0, calls, 0, bulk);
  if (signal !== 0) throw new Error(`signal ${signal} in ${calls[0]?.call}`);
}

export interface UnmapResult {
  readonly edition: string;
  readonly backend: string;
  readonly kind: UnmapOptions["kind"];
  readonly pages: number;
  readonly seconds: number;
  readonly pagesPerSecond: number;
  /** Flushes that the gather asked for, and those of them that dropped the whole context. */
  readonly flushes: number;
  readonly fullFlushes: number;
  readonly pagesFreed: number;
  readonly tablesFreed: number;
}

/**
 * Unmaps the range and counts. Throws RangeError for names that do not exist and for ranges beyond the address space.
 */
export function rangeUnmap(options: UnmapOptions): UnmapResult {
  const { machine, unmap } = prepareUnmap(options);
  const tally = (): number[] =>
    [Tally.FLUSHES, Tally.FULL_FLUSHES, Tally.PAGES_FREED, Tally.TABLES_FREED].map((field) => machine.tally(field));
  const before = tally();
  const start = performance.now();
  unmap();
  const seconds = (performance.now() - start) / 1000;
  const [flushes, fullFlushes, pagesFreed, tablesFreed] = tally().map((count, i) => count - (before[i] as number));
  const { kind, pages } = options;
  return {
    edition: options.edition ?? "5.16",
    backend: options.backend ?? "x86",
    kind,
    pages,
    seconds,
    pagesPerSecond: pages / seconds,
    flushes: flushes as number,
    fullFlushes: fullFlushes as number,
    pagesFreed: pagesFreed as number,
    tablesFreed: tablesFreed as number,
  };
}
