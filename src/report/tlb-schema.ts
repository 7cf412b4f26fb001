/**
 * The JSON objects of `tlb`, `convert`, `flushcost` and `unmap`, as zod schemas: strict, so that a field that nobody
 * documents fails a test.
 */
import * as z from "zod";

const whole = z.int().min(0);
const pages = z.enum(["4k", "2m", "1g", "thp"]);
const cut = z.strictObject({ line: whole.optional(), byte: whole.optional(), what: z.string() });
const format = z.enum(["lackey", "drmemtrace-view", "drmemtrace", "champsim", "compact"]);

/** An item of `list tlbs`. */
export const tlbPreset = z.strictObject({
  name: z.string(),
  policy: z.enum(["lru", "fifo", "plru", "random"]),
  structures: z.record(z.string(), z.strictObject({ entries: whole, ways: whole })),
  origins: z.record(
    z.string(),
    z.strictObject({
      basis: z.enum(["manual", "measurement", "simulator", "article", "assumption"]),
      text: z.string(),
    }),
  ),
  note: z.string(),
});

const tlbRow = z.strictObject({
  pages,
  tlb: z.string(),
  accesses: whole,
  references: whole,
  levels: z.array(z.strictObject({ name: z.enum(["l1", "l1i", "l2"]), hits: whole, misses: whole })),
  walks: whole,
  walksBySize: z.strictObject({ "4k": whole, "2m": whole, "1g": whole }),
  walkReferences: whole,
  walkReferencesUncached: whole,
  flushes: whole,
  invalidations: whole,
  tables: whole,
  seconds: z.number().min(0),
  cpus: z.array(z.strictObject({ cpu: whole, references: whole, misses: whole })).optional(),
});

const tlbSweep = z.strictObject({
  pages: z.enum(["4k", "2m", "1g"]),
  references: whole,
  /** Misses with 2^i sets of j + 1 ways at [i][j]. */
  misses: z.array(z.array(whole)),
  seconds: z.number().min(0),
});

const tlbCurve = z.strictObject({
  pages: z.enum(["4k", "2m", "1g"]),
  references: whole,
  points: z.array(z.strictObject({ entries: whole, misses: whole })),
  seconds: z.number().min(0),
});

const tlbTrace = z.strictObject({
  source: z.string(),
  records: whole,
  clipped: whole,
  cut: cut.optional(),
  results: z.array(tlbRow),
  sweeps: z.array(tlbSweep),
  curves: z.array(tlbCurve),
});

export const tlbOutput = z.strictObject({ schema: z.literal("shootdown/tlb@1"), ...tlbTrace.shape });

export const tlbTracesOutput = z.strictObject({
  schema: z.literal("shootdown/tlb-traces@1"),
  traces: z.array(tlbTrace),
  /** One line for each trace that was refused. */
  refused: z.array(z.string()),
});

export const convertOutput = z.strictObject({
  schema: z.literal("shootdown/convert@1"),
  input: z.string(),
  output: z.string(),
  format,
  packing: z.enum(["plain", "gzip", "xz", "zstd"]),
  records: whole,
  accesses: whole,
  plainBytes: whole,
  packedBytes: whole,
  clipped: whole,
  cut: cut.optional(),
});

export const flushcostOutput = z.strictObject({
  schema: z.literal("shootdown/flushcost@1"),
  source: z.string(),
  tlb: z.string(),
  pages: z.enum(["4k", "2m", "1g"]),
  records: whole,
  /** Flushes that were asked for, and their base pages. */
  requests: whole,
  requestedPages: whole,
  strategies: z.array(
    z.strictObject({
      strategy: z.string(),
      flushes: whole,
      invalidations: whole,
      // A flush can make the replacement of later entries better by luck.
      l1Refills: z.int(),
      l2Refills: z.int(),
      walkReferences: z.int(),
    }),
  ),
  /** Without sharing and with. */
  sharing: z
    .strictObject({ spaces: whole, tables: z.tuple([whole, whole]), lines: z.tuple([whole, whole]) })
    .optional(),
  cut: cut.optional(),
});

export const unmapOutput = z.strictObject({
  schema: z.literal("shootdown/unmap@1"),
  results: z.array(
    z.strictObject({
      edition: z.string(),
      backend: z.string(),
      kind: z.enum(["dense", "huge", "sparse"]),
      pages: whole,
      seconds: z.number().min(0),
      pagesPerSecond: z.number().min(0),
      flushes: whole,
      fullFlushes: whole,
      pagesFreed: whole,
      tablesFreed: whole,
    }),
  ),
});
