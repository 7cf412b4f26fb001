/**
 * `tlb`: what page sizes and a TLB would do to a program, from its memory accesses.
 *
 * Protocol
 *   The trace is read once, whatever the number of page sizes and TLBs: each batch of records goes through one engine
 *   per row. "thp" needs to know every touched page before it begins, so it reads the trace once more.
 *
 * Counts are exact for the simulated hierarchy (docs/throughput.md); nothing here is an estimate but `seconds`, which
 * is the time that the row's simulation took here.
 */
import type { TraceCalls } from "../core/traces.js";
import { InputError } from "../error.js";
import { type Counts, Engine, type PageRange, type PageSize, pageSizes } from "./engine.js";
import type { TlbGeometry } from "./geometry.js";
import { findTlb } from "./presets.js";
import type { TraceFormatName } from "./read/detect.js";
import { openTrace, type TraceCut, type TraceEnd, type TraceSource } from "./read/open.js";
import { rereadable } from "./rereadable.js";

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
  readonly format?: TraceFormatName;
  /** Whether installed `xz` and `zstd` programs may unpack. Default true. */
  readonly tools?: boolean;
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
}

interface Lane {
  readonly pages: Pages;
  readonly tlb: string;
  readonly engine: Engine;
  readonly isSweep: boolean;
  seconds: number;
}

interface Reading {
  readonly records: number;
  readonly clipped: number;
  readonly cut?: TraceCut;
}

/** Runs a trace through TLBs. Throws InputError on bad input or options. */
export async function tlb(options: TlbOptions): Promise<TlbResult> {
  const lanes = makeLanes(options);
  if (typeof options.source !== "string" || !lanes.some((lane) => lane.pages === "thp")) {
    return simulate(options, lanes);
  }
  // Two readings: a pipe is kept first.
  const { signal, format, tools } = options;
  const trace = await rereadable(options.source, {
    ...(signal === undefined ? {} : { signal }),
    ...(format === undefined ? {} : { format }),
    ...(tools === undefined ? {} : { tools }),
  });
  try {
    const { format: _, ...others } = options;
    const result = await simulate({ ...others, ...trace.options, source: trace.path }, lanes);
    const { cut, clipped } = trace;
    const known = { source: options.source, ...(cut && { cut }), ...(clipped !== undefined && { clipped }) };
    return { ...result, ...known };
  } finally {
    await trace.close();
  }
}

async function simulate(options: TlbOptions, lanes: readonly Lane[]): Promise<TlbResult> {
  const first = await readTrace(options, lanes);
  const thp = lanes.filter((lane) => lane.pages === "thp");
  if (thp.length > 0) {
    for (const lane of thp) lane.engine.endFirstPass();
    await readTrace(options, thp);
  }
  for (const lane of lanes) timed(lane, () => lane.engine.finish());
  return {
    source: typeof options.source === "string" ? options.source : "records",
    records: first.records,
    clipped: first.clipped,
    ...(first.cut === undefined ? {} : { cut: first.cut }),
    results: lanes.filter((lane) => !lane.isSweep).map(row),
    sweeps: lanes.filter((lane) => lane.isSweep).map(sweepRow),
  };
}

function makeLanes(options: TlbOptions): Lane[] {
  const { ranges, cpus, fetch, levels } = options;
  const wanted = options.tlb ?? "skylake";
  const list: readonly (string | TlbGeometry)[] = Array.isArray(wanted) ? wanted : [wanted as string | TlbGeometry];
  const geometries = list.map((item) => (typeof item === "string" ? findTlb(item) : item));
  const sizes = options.pages ?? ["4k", "2m", "thp"];
  for (const size of sizes) {
    if (size === "thp" || pageSizes.includes(size)) continue;
    throw new InputError(`there is no page size "${size}"`, { source: "--pages", remedy: "choose of 4k, 2m, 1g, thp" });
  }
  const shared = {
    ...(cpus === undefined ? {} : { cpus }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(levels === undefined ? {} : { levels }),
  };
  const lanes: Lane[] = geometries.flatMap((geometry) =>
    sizes.map((pages) => {
      const engine = new Engine({ geometry, pages, ...shared, ...(ranges === undefined ? {} : { ranges }) });
      return { pages, tlb: geometry.name, engine, isSweep: false, seconds: 0 };
    }),
  );
  const swept = options.sweep ? sizes.filter((size): size is PageSize => size !== "thp") : [];
  if (swept.length > 0) {
    const engine = new Engine({ geometry: geometries[0] as TlbGeometry, pages: "4k", ...shared, sweep: swept });
    for (const pages of swept) lanes.push({ pages, tlb: "", engine, isSweep: true, seconds: 0 });
  }
  return lanes;
}

function timed(lane: Lane, work: () => void): void {
  const start = performance.now();
  work();
  lane.seconds += (performance.now() - start) / 1000;
}

/** One reading of the trace through engines; each engine once, however many lanes it serves. */
async function readTrace(options: TlbOptions, lanes: readonly Lane[]): Promise<Reading> {
  const firsts = lanes.filter((lane, index) => lanes.findIndex((other) => other.engine === lane.engine) === index);
  const [reader, ...others] = firsts;
  if (reader === undefined) return { records: 0, clipped: 0 };
  if (typeof options.source !== "string") return readBatches(options, firsts, options.source);
  const { signal, format, tools } = options;
  const source = await openTrace(options.source, {
    calls: reader.engine.core.call as unknown as TraceCalls,
    ...(signal === undefined ? {} : { signal }),
    ...(format === undefined ? {} : { format }),
    ...(tools === undefined ? {} : { tools }),
  });
  try {
    return await pump(options, source, reader, others);
  } finally {
    await source.close();
  }
}

async function pump(options: TlbOptions, source: TraceSource, reader: Lane, others: readonly Lane[]): Promise<Reading> {
  let records = 0;
  for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
    options.signal?.throwIfAborted();
    const { at, count } = batch;
    for (const lane of others) {
      const view = new BigUint64Array(reader.engine.core.call.memory.buffer, at, count);
      timed(lane, () => lane.engine.feed(view));
    }
    timed(reader, () => reader.engine.replay(at, count));
    records += count;
    options.onProgress?.({ records });
  }
  const { cut, clipped } = source.end as TraceEnd;
  return cut === undefined ? { records, clipped } : { records, clipped, cut };
}

async function readBatches(options: TlbOptions, lanes: readonly Lane[], open: () => RecordBatches): Promise<Reading> {
  let records = 0;
  for await (const batch of open()) {
    options.signal?.throwIfAborted();
    for (const lane of lanes) timed(lane, () => lane.engine.feed(batch));
    records += batch.length;
    options.onProgress?.({ records });
  }
  return { records, clipped: 0 };
}

function row(lane: Lane): TlbRow {
  const { engine, pages, tlb: name, seconds } = lane;
  const all = engine.counts();
  const { accesses, references, walks, walkReferences, walkReferencesUncached, flushes, invalidations } = all;
  return {
    pages,
    tlb: name,
    accesses,
    references,
    levels: levelsOf(all),
    walks: walks[0] + walks[1] + walks[2],
    walksBySize: { "4k": walks[0], "2m": walks[1], "1g": walks[2] },
    walkReferences,
    walkReferencesUncached,
    flushes,
    invalidations,
    tables: engine.tables,
    seconds,
    ...(engine.cpus > 1 ? { cpus: cpusOf(engine) } : {}),
  };
}

function cpusOf(engine: Engine): { cpu: number; references: number; misses: number }[] {
  return Array.from({ length: engine.cpus }, (_, cpu) => {
    const { references, l2Misses } = engine.counts(cpu);
    return { cpu, references, misses: l2Misses };
  });
}

function levelsOf(counts: Counts): TlbLevel[] {
  const { references, fetchReferences, l1Misses, fetchMisses, l2Misses } = counts;
  const level = (name: TlbLevel["name"], asked: number, misses: number): TlbLevel => ({
    name,
    hits: asked - misses,
    misses,
  });
  const fetches = fetchReferences > 0 ? [level("l1i", fetchReferences, fetchMisses)] : [];
  return [
    level("l1", references - fetchReferences, l1Misses),
    ...fetches,
    level("l2", l1Misses + fetchMisses, l2Misses),
  ];
}

function sweepRow({ engine, pages, seconds }: Lane): TlbSweep {
  const size = pages as PageSize;
  const cpus = Array.from({ length: engine.cpus }, (_, cpu) => cpu);
  const tables = cpus.map((cpu) => engine.sweepMisses(size, cpu));
  return {
    pages: size,
    references: cpus.reduce((sum, cpu) => sum + engine.sweepReferences(size, cpu), 0),
    misses: (tables[0] as number[][]).map((line, bits) =>
      line.map((_, ways) => tables.reduce((sum, table) => sum + (table[bits]?.[ways] as number), 0)),
    ),
    seconds,
  };
}
