/**
 * What `tlb` takes and gives. Counts are exact for what is simulated (docs/throughput.md); nothing is an estimate but
 * `seconds`, which is the time that a row's simulation took here.
 */
import type { PageRange, PageSize } from "./engine.js";
import type { TlbGeometry } from "./geometry.js";
import type { TraceFormatName } from "./read/detect.js";
import type { TraceCut } from "./read/open.js";

export type Pages = PageSize | "thp";

/** Records (assembly/abi/replay.ts) in batches; a range must not be cut by the end of a batch. */
export type RecordBatches = AsyncIterable<BigUint64Array> | Iterable<BigUint64Array>;

export interface TlbOptions {
  /** A file; or what gives the records from the beginning each time that it is called. */
  readonly source: string | (() => RecordBatches);
  /** Names of presets, or text as `l1:64x4,l2:1536x12`, or geometries. Default: skylake. */
  readonly tlb?: string | TlbGeometry | readonly (string | TlbGeometry)[];
  /** Default: 4k, 2m and thp. */
  readonly pages?: readonly Pages[];
  /** Pages of another size than `pages` says, by address. */
  readonly ranges?: readonly PageRange[];
  /** CPUs that the trace may use, at most. Default 4096. */
  readonly cpus?: number;
  /** Instruction fetches too. Default: data accesses only. */
  readonly fetch?: boolean;
  readonly levels?: 4 | 5;
  /** All LRU geometries of the uniform page sizes too. */
  readonly sweep?: boolean;
  /** The miss curves of the uniform page sizes too: fully associative LRU TLBs of every number of entries. */
  readonly curve?: boolean;
  readonly format?: TraceFormatName;
  /** Whether installed `xz` and `zstd` programs may unpack. Default true. */
  readonly tools?: boolean;
  /**
   * Worker threads. Default 1: all rows in this thread and one reading. With more, each worker reads the file and
   * simulates its share of the rows; the result is the same. Of records that are no file, this thread simulates all.
   */
  readonly jobs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { records: number }) => void;
}

export interface TlbLevel {
  readonly name: "l1" | "l1i" | "l2";
  readonly hits: number;
  readonly misses: number;
}

export interface TlbRow {
  readonly pages: Pages;
  readonly tlb: string;
  readonly accesses: number;
  /** Accesses, and one more for each page that an access reaches beyond its first. */
  readonly references: number;
  readonly levels: readonly TlbLevel[];
  readonly walks: number;
  readonly walksBySize: Readonly<Record<PageSize, number>>;
  /** Table entries that the walks read. */
  readonly walkReferences: number;
  /** What they would have read without paging-structure caches. */
  readonly walkReferencesUncached: number;
  readonly flushes: number;
  readonly invalidations: number;
  readonly tables: number;
  readonly seconds: number;
  /** Misses of the last level by CPU, when the trace uses several. */
  readonly cpus?: readonly { readonly cpu: number; readonly references: number; readonly misses: number }[];
}

export interface TlbSweep {
  readonly pages: PageSize;
  readonly references: number;
  /** Misses of the LRU TLB with 2^i sets of j + 1 ways, at [i][j]; with several CPUs each has one, summed. */
  readonly misses: readonly (readonly number[])[];
  readonly seconds: number;
}

/** Misses of fully associative LRU TLBs, by the number of entries; the last point has cold misses only. */
export interface TlbCurve {
  readonly pages: PageSize;
  readonly references: number;
  /** Four an octave, in order; with several CPUs each has such a TLB, summed. */
  readonly points: readonly { readonly entries: number; readonly misses: number }[];
  readonly seconds: number;
}

export interface TlbResult {
  readonly source: string;
  /** Records read, events and what is not wanted among them. */
  readonly records: number;
  /** Accesses of more than 255 bytes, which count as 255. */
  readonly clipped: number;
  /** Set when the file ends in the middle: the results hold up to there. */
  readonly cut?: TraceCut;
  readonly results: readonly TlbRow[];
  readonly sweeps: readonly TlbSweep[];
  readonly curves: readonly TlbCurve[];
}
