/**
 * Writes a trace in the compact form (docs/traces.md): what `shootdown convert IN OUT` does.
 *
 * Protocol
 *   Records go from the reader's arena to the writer's, which share a memory. The file is written under a temporary
 *   name beside its place and renamed when it is whole, so that there is never half a trace under the final name.
 */
import { rename, rm } from "node:fs/promises";
import { RECORDS_MAX } from "../../assembly/abi/read.js";
import { openTraceCalls, type TraceCalls } from "../core/traces.js";
import { InputError } from "../error.js";
import { BlockWriter } from "./read/blocks.js";
import type { TraceFormatName } from "./read/detect.js";
import { openTrace, type TraceCut, type TraceEnd } from "./read/open.js";
import { type OutputPacking, openPacked, type PackedFile } from "./read/pack.js";

export interface ConvertOptions {
  readonly input: string;
  readonly output: string;
  /** Default: by the output's name (.gz, .xz, .zst), and gzip for other names. */
  readonly packing?: OutputPacking;
  /** Leave instruction fetches out. The result is not smaller: fetches are what predicts the accesses. */
  readonly dataOnly?: boolean;
  /** Write what there is of a trace that is cut, instead of refusing it. */
  readonly keepCut?: boolean;
  readonly format?: TraceFormatName;
  readonly tools?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { records: number }) => void;
}

export interface WriteOptions {
  readonly output: string;
  /** A range (two records) may lie in two batches. */
  readonly records: AsyncIterable<BigUint64Array> | Iterable<BigUint64Array>;
  readonly packing?: OutputPacking;
  readonly signal?: AbortSignal;
}

export interface WriteResult {
  readonly records: number;
  /** Loads, stores and modifies among them. */
  readonly accesses: number;
  /** Of the compact form, before and after packing. */
  readonly plainBytes: number;
  readonly packedBytes: number;
}

export interface ConvertResult extends WriteResult {
  readonly format: TraceFormatName;
  readonly packing: OutputPacking;
  readonly clipped: number;
  readonly cut?: TraceCut;
}

/** Reads `input`, writes `output`. Throws InputError; nothing is left behind then. */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const { input, output, signal } = options;
  const packing = options.packing ?? packingByName(output);
  const calls = openTraceCalls();
  const source = await openTrace(input, { ...options, calls });
  try {
    const written = await write(output, packing, calls, options.dataOnly === true, async (writer) => {
      for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
        signal?.throwIfAborted();
        await writer.add(batch.at, batch.count);
        options.onProgress?.({ records: writer.records });
      }
      const cut = source.end?.cut;
      if (cut !== undefined && options.keepCut !== true) throw cutError(input, cut);
    });
    const { clipped, cut } = source.end as TraceEnd;
    const result = { format: source.format, packing, ...written, clipped };
    return cut === undefined ? result : { ...result, cut };
  } finally {
    await source.close();
  }
}

/** Writes records (assembly/abi/replay.ts), events among them, as a compact trace. */
export async function writeTrace(options: WriteOptions): Promise<WriteResult> {
  const { output, records, signal } = options;
  const calls = openTraceCalls();
  const staged = calls.allocate(8 * RECORDS_MAX);
  const packing = options.packing ?? packingByName(output);
  return write(output, packing, calls, false, async (writer) => {
    for await (const batch of records) {
      for (let from = 0; from < batch.length; from += RECORDS_MAX) {
        signal?.throwIfAborted();
        const part = batch.subarray(from, from + RECORDS_MAX);
        new BigUint64Array(calls.memory.buffer, staged, part.length).set(part);
        await writer.add(staged, part.length);
      }
    }
  });
}

/** The file around what `fill` adds: header, end mark, a temporary name until it is whole. */
async function write(
  output: string,
  packing: OutputPacking,
  calls: TraceCalls,
  dataOnly: boolean,
  fill: (writer: BlockWriter) => Promise<void>,
): Promise<WriteResult> {
  const temporary = `${output}.${process.pid}.tmp`;
  let file: PackedFile | undefined;
  try {
    file = await openPacked(temporary, packing, output);
    const writer = new BlockWriter(calls, file, dataOnly);
    await writer.begin();
    await fill(writer);
    await writer.finish();
    const packedBytes = await file.close();
    await rename(temporary, output);
    return { records: writer.records, accesses: writer.accesses, plainBytes: writer.bytes, packedBytes };
  } catch (error) {
    await file?.abandon();
    await rm(temporary, { force: true });
    throw error;
  }
}

export function packingByName(output: string): OutputPacking {
  if (output.endsWith(".xz")) return "xz";
  return output.endsWith(".zst") ? "zstd" : "gzip";
}

function cutError(source: string, cut: TraceCut): InputError {
  const place = cut.line === undefined ? { byte: cut.byte ?? 0 } : { line: cut.line };
  return new InputError(`the trace is cut: ${cut.what}`, {
    source,
    ...place,
    remedy: "copy it again, or convert what there is of it with --keep-cut",
  });
}
