/**
 * Opens a memory-access trace of any format and packing, and streams its records in constant memory.
 *
 * Protocol
 *   `next` fills the arena's records and says how many; they are valid until it is called again. At the end it returns
 *   undefined, and `end` says what there was.
 *
 * Invariants
 *   R1  The records do not depend on how the bytes arrive.
 *   R2  A trace that is cut yields what is before the cut, and then `end.cut` says where; a trace that is wrong yields
 *       what is before the fault, and then an InputError is thrown.
 */
import { ReadStatus, ReadWord } from "../../../assembly/abi/read.js";
import { openTraceCalls, type TraceCalls } from "../../core/traces.js";
import { InputError } from "../../error.js";
import { isCut, openBytes, type Packing } from "../../workload/bytes.js";
import { LINE_BYTES_MAX } from "../../workload/stream.js";
import { Arena } from "./arena.js";
import { detectFormat, FORMATS, HEAD_BYTES, type TraceFormatName } from "./detect.js";
import { faultError } from "./faults.js";

export interface TraceOptions {
  /** The module whose memory takes the records; without one, the source opens its own. */
  readonly calls?: TraceCalls;
  readonly signal?: AbortSignal;
  /** Instead of looking at the content. */
  readonly format?: TraceFormatName;
  /** Whether installed `xz` and `zstd` programs may unpack. Default true. */
  readonly tools?: boolean;
  /** Another source of unpacked bytes, under the same name. */
  readonly bytes?: AsyncIterable<Uint8Array>;
}

/** Records in the module's memory: `count` words of 64 bits at byte address `at`. */
export interface TraceBatch {
  readonly at: number;
  readonly count: number;
}

export interface TraceCut {
  /** Line of the unpacked text, for text formats; byte of the file otherwise. */
  readonly line?: number;
  readonly byte?: number;
  readonly what: string;
}

export interface TraceEnd {
  readonly records: number;
  /** Bytes after unpacking. */
  readonly bytes: number;
  /** Accesses of more than 255 bytes, which count as 255. */
  readonly clipped: number;
  readonly cut?: TraceCut;
}

export interface TraceSource {
  readonly path: string;
  readonly format: TraceFormatName;
  readonly calls: TraceCalls;
  next(): Promise<TraceBatch | undefined>;
  /** Set once `next` has returned undefined. */
  readonly end: TraceEnd | undefined;
  /** Lets go of the file; must be called when reading stops early, may be called always. */
  close(): Promise<void>;
}

/** Opens the trace and finds out its format. Throws InputError if it is none. */
export async function openTrace(path: string, options: TraceOptions = {}): Promise<TraceSource> {
  const { signal, tools } = options;
  let packing: Packing = "plain";
  const onPacking = (found: Packing): void => {
    packing = found;
  };
  const feed = new Feed(options.bytes ?? openBytes(path, { signal, tools, onPacking }));
  try {
    const head = await feed.head(HEAD_BYTES);
    // A packed file that is cut before it yields anything has nothing to show.
    if (head.length === 0 && feed.cut !== undefined) throw feed.cut;
    const format = options.format ?? detectFormat(head, path);
    return new Reader(path, format, options.calls ?? openTraceCalls(), feed, packing);
  } catch (error) {
    await feed.close();
    throw error;
  }
}

/** The unpacked bytes, in pieces that are at most as large as the caller has room for. */
class Feed {
  /** Set when the packed file ended early. */
  cut: (InputError & { what: string; byte: number }) | undefined;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** The first bytes without taking them. */
  async head(count: number): Promise<Uint8Array> {
    while (this.#piece.length < count) {
      const kept = Uint8Array.from(this.#piece);
      const more = await this.#pull();
      this.#piece = more === undefined ? kept : Buffer.concat([kept, more]);
      if (more === undefined) break;
    }
    return this.#piece.subarray(0, count);
  }

  /** At most `room` bytes, at least one; undefined at the end. */
  async take(room: number): Promise<Uint8Array | undefined> {
    if (this.#piece.length === 0) this.#piece = (await this.#pull()) ?? this.#piece;
    if (this.#piece.length === 0) return undefined;
    const taken = this.#piece.subarray(0, room);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.cut !== undefined) return undefined;
    try {
      while (true) {
        const { done, value } = await this.#iterator.next();
        if (done) return undefined;
        if (value.length > 0) return value;
      }
    } catch (error) {
      if (!isCut(error)) throw error;
      this.cut = error;
      return undefined;
    }
  }
}

class Reader implements TraceSource {
  end: TraceEnd | undefined;
  readonly #arena: Arena;
  readonly #isText: boolean;
  /** Bytes of input that wait in the arena, and where the first of them is in the trace. */
  #left = 0;
  #offset = 0;
  #records = 0;
  #failure: InputError | undefined;
  #isOver = false;

  constructor(
    readonly path: string,
    readonly format: TraceFormatName,
    readonly calls: TraceCalls,
    readonly feed: Feed,
    readonly packing: Packing,
  ) {
    this.#arena = new Arena(calls);
    this.#isText = format === "lackey" || format === "drmemtrace-view";
  }

  async next(): Promise<TraceBatch | undefined> {
    try {
      while (this.end === undefined) {
        if (this.#failure !== undefined) throw (await this.#deeperFailure()) ?? this.#failure;
        const count = this.#read();
        if (count > 0) return { at: this.#arena.records, count };
        if (this.#failure !== undefined) continue;
        if (this.#isOver || !(await this.#refill())) this.end = await this.#finish();
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    await this.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.feed.close();
  }

  /** Parses what is there. */
  #read(): number {
    if (this.#left === 0 || this.#isOver) return 0;
    const arena = this.#arena;
    const { count, left } = arena.read(FORMATS[this.format], this.#left);
    const consumed = this.#left - left;
    this.#offset += consumed;
    this.#left = left;
    this.#records += count;
    const status = arena.word(ReadWord.STATUS);
    if (status === ReadStatus.END) this.#isOver = true;
    if (status === ReadStatus.BAD) {
      const place = { source: this.path, offset: this.#offset, consumed, left, isPacked: this.packing !== "plain" };
      this.#failure = faultError(arena, this.format, place);
    }
    return count;
  }

  /** What unpacks to nonsense may be damaged: the unpacker knows, once it has seen all of it. */
  async #deeperFailure(): Promise<InputError | undefined> {
    if (this.packing === "plain") return undefined;
    try {
      while ((await this.feed.take(1 << 30)) !== undefined) {}
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  /** Gets more bytes; false at the end of the file. */
  async #refill(): Promise<boolean> {
    const arena = this.#arena;
    if (this.#isText && this.#left > LINE_BYTES_MAX) {
      throw new InputError(`the line is longer than ${LINE_BYTES_MAX} bytes`, {
        source: this.path,
        line: arena.word(ReadWord.LINES) + 1,
        remedy: "give a trace; this is none",
      });
    }
    const piece = await this.feed.take(arena.inputBytes - this.#left);
    if (piece === undefined) return false;
    arena.bytes.set(piece, arena.input + this.#left);
    this.#left += piece.length;
    return true;
  }

  async #finish(): Promise<TraceEnd> {
    const cut = this.#cut();
    if (this.#isOver && (this.#left > 0 || (await this.feed.take(1)) !== undefined)) {
      throw new InputError("bytes follow the end of the trace", {
        source: this.path,
        byte: this.#offset,
        remedy: "give one trace a file",
      });
    }
    if (this.#records === 0 && cut === undefined) {
      throw new InputError("holds no memory access", { source: this.path, remedy: "record the program again" });
    }
    const clipped = this.#arena.word(ReadWord.CLIPPED);
    const common = { records: this.#records, bytes: this.#offset + this.#left, clipped };
    return cut === undefined ? common : { ...common, cut };
  }

  #cut(): TraceCut | undefined {
    const { cut } = this.feed;
    if (cut !== undefined) return { byte: cut.byte, what: cut.what };
    if (this.#isText) {
      if (this.#left === 0) return undefined;
      return { line: this.#arena.word(ReadWord.LINES) + 1, what: "the last line is not whole" };
    }
    if (this.#isOver) return undefined;
    const byte = this.#offset + this.#left;
    if (this.format === "compact") return { byte, what: "the end mark is missing" };
    if (this.#left > 0) return { byte, what: "the last record is not whole" };
    return this.format === "drmemtrace" ? { byte, what: "the footer is missing" } : undefined;
  }
}
