/**
 * A machine on which one call runs at a time: address spaces, files, CPUs, and what the kernel would trace.
 *
 * This is the model for recordings of real kernels and for long logs: gigabytes of base pages, every call run to its
 * end. Races are the matter of the listings (src/kernel) and the core; here nothing runs between two steps but readers,
 * at the places where a kernel lets them in.
 *
 * Knows nothing of scripts, logs or files on disk. Units: addresses in bytes.
 */
import type { Edition } from "../kernel/editions.js";
import { type Features, featuresOf } from "../kernel/features.js";
import { HugePool, type Page } from "./pages.js";
import { nameOf, Table } from "./tables.js";

/** One traced event, in the words of the recordings. */
export type Event = readonly (string | number)[];

/** hugetlbfs or tmpfs. */
export interface File {
  readonly name: string;
  readonly huge: boolean;
  /** Bytes. */
  size: number;
  readonly cache: Map<number, Page>;
  /** Indexes that a mapping has reserved, of a hugetlb file. */
  readonly reserved: Set<number>;
  /** VMAs that map it, in the order of its tree. */
  readonly vmas: Vma[];
}

export interface Vma {
  readonly mm: Mm;
  start: number;
  end: number;
  readonly file?: File;
  /** File offset of `start`, in bytes; of memory without a file, the address where it was first mapped. */
  offset: number;
  readonly shared: boolean;
  readonly huge: boolean;
  write: boolean;
  none: boolean;
  locked: boolean;
  /** MADV_HUGEPAGE. */
  thp: boolean;
  /** It can have pages of its own, so that fork must copy it. */
  anon: boolean;
  readonly noreserve: boolean;
  /** Private huge pages that are promised: places by address. */
  readonly promised: Set<number>;
}

export interface Mm {
  readonly name: string;
  readonly id: number;
  readonly root: Table;
  /** Tables below the root. */
  tables: number;
  /** Pages of hugetlb that it was charged for, minus those that it gave back. */
  hugePages: number;
  readonly vmas: Vma[];
  /** mm->context.tlb_gen, and its last value that a trace showed. */
  generation: number;
  shown: number;
  readonly cpus: Set<number>;
  /** Open gathers: mm->tlb_flush_pending. */
  gathers: number;
  alive: boolean;
}

/** What a CPU's TLB holds of a page that a reader reads. */
export interface Cached {
  readonly mm: Mm;
  readonly start: number;
  readonly bytes: number;
  readonly page: Page;
}

export interface Cpu {
  readonly number: number;
  loaded: Mm | undefined;
  lazy: boolean;
  /** The generation of the loaded mm that this TLB is as new as. */
  generation: number;
  tlb: Cached[];
  /** Pages that wait to be put on the LRU. */
  readonly list: Page[];
}

export interface WorldOptions {
  readonly edition: Edition;
  readonly cpus: number;
  readonly hugePages: number;
  /** tlb_single_page_flush_ceiling: 33 unless somebody has set it. */
  readonly ceiling?: number;
  /** Called where readers of other CPUs get in: after a file's lock is dropped, before its pages go. */
  readonly onGap?: (world: World) => void;
}

export class World {
  readonly features: Features;
  readonly events: Event[] = [];
  readonly cpus: Cpu[];
  readonly pool: HugePool;
  readonly ceiling: number;
  readonly onGap: (world: World) => void;
  /** CPU that the running call is on, and the process that runs. */
  cpu = 0;
  current: Mm | undefined;
  /** CPUs that a deferred flush is owed to: tlb_ubc of the task that runs. */
  readonly batch = new Set<number>();
  /** Tables in use, by level. */
  readonly tables: number[] = [0, 0, 0, 0, 0];
  #mms = 0;

  constructor(options: WorldOptions) {
    this.features = featuresOf(options.edition);
    this.ceiling = options.ceiling ?? 33;
    this.pool = new HugePool(options.hugePages);
    this.onGap = options.onGap ?? (() => {});
    this.cpus = Array.from({ length: options.cpus }, (_, number) => ({
      number,
      loaded: undefined,
      lazy: false,
      generation: 0,
      tlb: [],
      list: [],
    }));
  }

  trace(...event: Event): void {
    this.events.push(event);
  }

  newMm(name: string): Mm {
    this.tables[4] = (this.tables[4] ?? 0) + 1;
    return {
      name,
      id: this.#mms++,
      root: new Table(4),
      tables: 0,
      hugePages: 0,
      vmas: [],
      generation: 0,
      shown: 0,
      cpus: new Set(),
      gathers: 0,
      alive: true,
    };
  }

  cpuAt(number: number): Cpu {
    const cpu = this.cpus[number];
    if (cpu === undefined) throw new RangeError(`there is no CPU ${number}`);
    return cpu;
  }

  /** A new table of `level`, charged to the mm. */
  newTable(mm: Mm, level: number, address: number): Table {
    mm.tables++;
    this.tables[level] = (this.tables[level] ?? 0) + 1;
    if (level === 1) this.trace("alloc_table", "pte", mm.name);
    else this.trace("alloc_table", nameOf(level), mm.name, hex(address));
    return new Table(level);
  }

  /** A table is gone; `live` entries would be a defect of the model. */
  dropTable(level: number): void {
    this.tables[level] = (this.tables[level] ?? 0) - 1;
  }
}

export const hex = (address: number): string => `0x${address.toString(16)}`;

/** The VMA that holds an address, or undefined. */
export function findVma(mm: Mm, address: number): Vma | undefined {
  const vma = firstVma(mm, address);
  return vma !== undefined && vma.start <= address ? vma : undefined;
}

/** Index of the first VMA that ends above an address. */
export function firstIndex(mm: Mm, address: number): number {
  let low = 0;
  let high = mm.vmas.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((mm.vmas[middle] as Vma).end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const firstVma = (mm: Mm, address: number): Vma | undefined => mm.vmas[firstIndex(mm, address)];
