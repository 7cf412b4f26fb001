/**
 * Writes a trace in the compact form (docs/traces.md): what `shootdown convert IN OUT` does.
 *
 * Protocol
 *   Records go from the reader's arena to the writer's, which share a memory. The file is written under a temporary name
 *   beside its place and renamed when it is whole, so that there is never half a trace under the final name.
 */
import { rename, rm } from "node:fs/promises";
import { RECORDS_MAX } from "../../assembly/abi/read.js";
import { openTraceCalls } from "../core/traces.js";
import { InputError } from "../error.js";
import { Arena } from "./read/arena.js";
import type { TraceFormatName } from "./read/detect.js";
import { openTrace, type TraceCut } from "./read/open.js";
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

export interface ConvertResult {
  readonly format: TraceFormatName;
  readonly packing: OutputPacking;
  readonly records: number;
  /** Loads, stores and modifies among them. */
  readonly accesses: number;
  /** Of the compact form, before and after packing. */
  readonly plainBytes: number;
  readonly packedBytes: number;
  readonly clipped: number;
  readonly cut?: TraceCut;
}

/** Reads `input`, writes `output`. Throws InputError; nothing is left behind then. */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const { input, output, signal } = options;
  const packing = options.packing ?? packingByName(output);
  const calls = openTraceCalls();
  const source = await openTrace(input, { ...options, calls });
  const temporary = `${output}.${process.pid}.tmp`;
  let file: PackedFile | undefined;
  try {
    file = await openPacked(temporary, packing, output);
    const writer = new BlockWriter(calls, file, options.dataOnly === true);
    await writer.begin();
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      signal?.throwIfAborted();
      await writer.add(batch.at, batch.count);
      options.onProgress?.({ records: writer.records });
    }
    const { clipped, cut } = source.end as NonNullable<typeof source.end>;
    if (cut !== undefined && options.keepCut !== true) throw cutError(input, cut);
    await writer.finish();
    const packedBytes = await file.close();
    await rename(temporary, output);
    const { records, accesses, bytes } = writer;
    const result = { format: source.format, packing, records, accesses, plainBytes: bytes, packedBytes, clipped };
    return cut === undefined ? result : { ...result, cut };
  } catch (error) {
    await file?.abandon();
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await source.close();
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

/** Fills blocks to the brim, so that the file does not depend on how the trace arrived. */
class BlockWriter {
  records = 0;
  accesses = 0;
  bytes = 0;
  readonly #arena: Arena;
  #filled = 0;

  constructor(
    calls: ReturnType<typeof openTraceCalls>,
    readonly file: PackedFile,
    readonly dataOnly: boolean,
  ) {
    this.#arena = new Arena(calls);
  }

  begin(): Promise<void> {
    return this.#write(this.#arena.calls.writeHeader(this.#arena.base));
  }

  async add(at: number, count: number): Promise<void> {
    const kept = this.#sift(at, count);
    this.records += kept;
    for (let from = 0; from < kept; ) {
      const taken = Math.min(kept - from, RECORDS_MAX - this.#filled);
      const target = this.#arena.records + 8 * this.#filled;
      this.#arena.bytes.copyWithin(target, at + 8 * from, at + 8 * (from + taken));
      from += taken;
      this.#filled += taken;
      if (this.#filled === RECORDS_MAX) await this.#block();
    }
  }

  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#block();
    await this.#write(this.#arena.calls.writeEnd(this.#arena.base));
  }

  /** Counts accesses; without fetches, moves the others together. Returns how many are left. */
  #sift(at: number, count: number): number {
    const { bytes } = this.#arena;
    let kept = 0;
    for (let record = 0; record < count; record++) {
      const type = bytes[at + 8 * record + 7] as number;
      if (type > 0 && type < 16) this.accesses++;
      if (!this.dataOnly) continue;
      if (type === 0) continue;
      if (kept < record) bytes.copyWithin(at + 8 * kept, at + 8 * record, at + 8 * record + 8);
      kept++;
    }
    return this.dataOnly ? kept : count;
  }

  #block(): Promise<void> {
    const length = this.#arena.calls.writeBlock(this.#arena.base, this.#filled);
    this.#filled = 0;
    return this.#write(length);
  }

  async #write(length: number): Promise<void> {
    this.bytes += length;
    // A copy: the file may still be busy with it when the next block is made.
    await this.file.write(this.#arena.inputFrom(0, length).slice());
  }
}
