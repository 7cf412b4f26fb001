/**
 * Runs rows of a trace in this thread: once through the trace, each batch of records through every row's engine. "thp"
 * needs to know every touched page before it begins, so those rows read the trace once more.
 */
import type { ReplayModule } from "../core/replay.js";
import type { TraceCalls } from "../core/traces.js";
import { InputError } from "../error.js";
import { curvesOf, isRow, type Lane, type LanePlan, openLane, rowOf, sweepsOf } from "./lanes.js";
import { openTrace, type TraceCut, type TraceEnd, type TraceSource } from "./read/open.js";
import { rereadable } from "./rereadable.js";
import type { RecordBatches, TlbOptions, TlbResult } from "./tlb-result.js";

interface Reading {
  readonly records: number;
  readonly clipped: number;
  readonly cut?: TraceCut;
}

/** Runs rows in this thread. */
export async function runPlans(
  options: TlbOptions,
  plans: readonly LanePlan[],
  module?: ReplayModule,
): Promise<TlbResult> {
  const { source } = options;
  if (typeof source !== "string" || !plans.some((plan) => plan.pages === "thp")) {
    return simulate(options, plans, module);
  }
  // Two readings: a pipe is kept first.
  const { signal, format, tools, ...others } = options;
  const trace = await rereadable(source, {
    ...(signal === undefined ? {} : { signal }),
    ...(format === undefined ? {} : { format }),
    ...(tools === undefined ? {} : { tools }),
  });
  try {
    const result = await simulate({ ...others, ...trace.options, source: trace.path }, plans, module);
    const { cut, clipped } = trace;
    return { ...result, source, ...(cut && { cut }), ...(clipped !== undefined && { clipped }) };
  } finally {
    await trace.close();
  }
}

async function simulate(
  options: TlbOptions,
  plans: readonly LanePlan[],
  module: ReplayModule | undefined,
): Promise<TlbResult> {
  const lanes = plans.map((plan) => openLane(plan, options, module));
  const first = await readTrace(options, lanes);
  const thp = lanes.filter((lane) => lane.pages === "thp");
  if (thp.length > 0) {
    for (const lane of thp) lane.engine.endFirstPass();
    await readTrace(options, thp);
  }
  for (const lane of lanes) timed(options, lane, () => lane.engine.finish());
  return {
    source: typeof options.source === "string" ? options.source : "records",
    records: first.records,
    clipped: first.clipped,
    ...(first.cut === undefined ? {} : { cut: first.cut }),
    results: lanes.filter(isRow).map(rowOf),
    sweeps: lanes.flatMap(sweepsOf),
    curves: lanes.flatMap(curvesOf),
  };
}

/** Does a lane's work; a trace that is more than an engine can hold is the trace's fault. */
function timed(options: TlbOptions, lane: Lane, work: () => void): void {
  const start = performance.now();
  try {
    work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(error.message, {
      source: typeof options.source === "string" ? options.source : "records",
      remedy: "give a shorter trace, or one of fewer processes",
    });
  }
  lane.seconds += (performance.now() - start) / 1000;
}

/** One reading of the trace through the engines of lanes. */
async function readTrace(options: TlbOptions, lanes: readonly Lane[]): Promise<Reading> {
  const [reader, ...others] = lanes;
  if (reader === undefined) return { records: 0, clipped: 0 };
  if (typeof options.source !== "string") return readBatches(options, lanes, options.source);
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
      timed(options, lane, () => lane.engine.feed(view));
    }
    timed(options, reader, () => reader.engine.replay(at, count));
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
    for (const lane of lanes) timed(options, lane, () => lane.engine.feed(batch));
    records += batch.length;
    options.onProgress?.({ records });
  }
  return { records, clipped: 0 };
}
