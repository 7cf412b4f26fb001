/**
 * A trace that can be read from its beginning more than once: a pipe is kept as a compact trace in a temporary file.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convert } from "./convert.js";
import type { TraceFormatName } from "./read/detect.js";
import { openTrace, type TraceCut, type TraceEnd } from "./read/open.js";
import type { RecordBatches } from "./tlb.js";

export interface ReadingOptions {
  readonly format?: TraceFormatName;
  /** Whether installed `xz` and `zstd` programs may unpack. Default true. */
  readonly tools?: boolean;
  readonly signal?: AbortSignal;
}

export interface Rereadable {
  readonly path: string;
  /** How to read `path`. */
  readonly options: ReadingOptions;
  /** What a copy does not tell any more. */
  readonly cut?: TraceCut;
  readonly clipped?: number;
  close(): Promise<void>;
}

/** The trace itself, if it is a file. Throws InputError on bad input; closes what it has opened then. */
export async function rereadable(path: string, options: ReadingOptions = {}): Promise<Rereadable> {
  // What is not there is for the reader to say.
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
  if (isFile) return { path, options, close: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "shootdown-"));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "trace.sdt");
    const { cut, clipped } = await convert({ ...options, input: path, output: copy, keepCut: true });
    const { signal } = options;
    return { path: copy, options: signal ? { signal } : {}, clipped, ...(cut === undefined ? {} : { cut }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The records of a trace, from its beginning each time that it is called; `onEnd` hears what there was. */
export function recordsOf(trace: Rereadable, onEnd: (end: TraceEnd) => void = () => {}): () => RecordBatches {
  return async function* () {
    const source = await openTrace(trace.path, trace.options);
    try {
      for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
        trace.options.signal?.throwIfAborted();
        yield new BigUint64Array(source.calls.memory.buffer, batch.at, batch.count);
      }
      if (source.end !== undefined) onEnd(source.end);
    } finally {
      await source.close();
    }
  };
}
