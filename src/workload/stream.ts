/**
 * Lines of a text file that may be packed, many at a time, in constant memory.
 *
 * Protocol
 *   A chunk is the bytes of whole lines; parsers that must be fast read it in place. Batches and single lines are
 *   made from
 *   it for the others: a string costs more than parsing it, and a generator step per line costs more still.
 *
 * Invariants
 *   L1  Line numbers are 1-based and count the unpacked text.
 *   L2  Only the last line of the file may lack its newline, and only the last chunk says so; it gets one, so that
 *   every
 *       line of a chunk ends in a newline.
 *   L3  A byte is a character (latin1): tracers escape what is not ASCII. `\r\n` counts as a newline.
 *   L4  No line is longer than LINE_BYTES_MAX.
 */
import { InputError } from "../error.js";
import { openBytes } from "./bytes.js";

/** The longest line that is read, in bytes. A longer one is not a trace. */
export const LINE_BYTES_MAX = 64 * 1024;
const SNIFF_BYTES = 4096;
const NEWLINE = 10;

export interface LineChunk {
  /** Whole lines, each with its newline. Valid until the next chunk is asked for, and so is `ends`. */
  readonly bytes: Uint8Array;
  /** Where the newlines stand; `count` of them. */
  readonly ends: Int32Array;
  readonly count: number;
  /** Number of the first line. */
  readonly firstLine: number;
  /** False if the file ends without a newline, so that the last line may be cut. */
  readonly complete: boolean;
}

export interface LineBatch {
  readonly lines: string[];
  /** Number of `lines[0]`. */
  readonly firstLine: number;
  /** False if the file ends without a newline, so that the last line of this batch may be cut. */
  readonly complete: boolean;
}

/** Yields the lines of `path` (plain or packed) as bytes. Throws InputError on anything that is not text. */
export function openLineChunks(path: string, signal?: AbortSignal): AsyncGenerator<LineChunk> {
  return lineChunks(path, openBytes(path, signal), signal);
}

/** Cuts any source of bytes into chunks of whole lines; `source` names it in errors. */
export async function* lineChunks(
  source: string,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<LineChunk> {
  const newlines = new Newlines(source);
  let work = Buffer.allocUnsafe(LINE_BYTES_MAX);
  /** Bytes at the start of `work`: a line whose end has not come yet. */
  let carried = 0;
  let firstLine = 1;
  let offset = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    refuseBinary(source, piece, offset);
    offset += piece.length;
    const length = carried + piece.length;
    if (length > work.length) work = Buffer.concat([work.subarray(0, carried)], length * 2);
    work.set(piece, carried);
    const joined = work.subarray(0, length);
    const count = newlines.find(joined, firstLine);
    const end = count === 0 ? 0 : (newlines.ends[count - 1] as number) + 1;
    if (count > 0) yield { bytes: joined.subarray(0, end), ends: newlines.ends, count, firstLine, complete: true };
    firstLine += count;
    work.copyWithin(0, end, length);
    carried = length - end;
  }
  if (offset === 0) {
    throw new InputError("the file is empty", { source, remedy: "give a file that holds a recording" });
  }
  if (carried === 0) return;
  const bytes = Buffer.concat([work.subarray(0, carried), Buffer.of(NEWLINE)]);
  yield { bytes, ends: Int32Array.of(carried), count: 1, firstLine, complete: false };
}

/** Yields the lines of `path` as strings, in batches. */
export async function* openLineBatches(path: string, signal?: AbortSignal): AsyncGenerator<LineBatch> {
  for await (const { bytes, firstLine, complete } of openLineChunks(path, signal)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - 1).toString("latin1");
    let lines = text.split("\n");
    if (text.includes("\r")) lines = lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
    yield { lines, firstLine, complete };
  }
}

/** One line at a time; slower than batches by the cost of a generator step per line. */
export async function* openLines(path: string, signal?: AbortSignal): AsyncGenerator<{ text: string; line: number }> {
  for await (const { lines, firstLine } of openLineBatches(path, signal)) {
    for (let index = 0; index < lines.length; index++) yield { text: lines[index] as string, line: firstLine + index };
  }
}

/** Finds newlines, into an array that is kept; refuses lines that are too long. */
class Newlines {
  ends = new Int32Array(8192);
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** Returns how many there are. */
  find(bytes: Buffer, firstLine: number): number {
    let count = 0;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      refuseLong(this.#source, end - start, firstLine + count);
      if (count === this.ends.length) this.#grow();
      this.ends[count++] = end;
      start = end + 1;
    }
    refuseLong(this.#source, bytes.length - start, firstLine + count);
    return count;
  }

  #grow(): void {
    const grown = new Int32Array(this.ends.length * 2);
    grown.set(this.ends);
    this.ends = grown;
  }
}

function refuseLong(source: string, length: number, line: number): void {
  if (length <= LINE_BYTES_MAX) return;
  throw new InputError(`the line is longer than ${LINE_BYTES_MAX} bytes`, {
    source,
    line,
    remedy: "give a text recording, made without options that print whole buffers",
  });
}

function refuseBinary(source: string, chunk: Uint8Array, offset: number): void {
  const zero = chunk.indexOf(0);
  let what: string | undefined;
  let byte = zero;
  if (offset === 0 && startsAsUtf16(chunk)) {
    what = "the text is UTF-16";
    byte = 0;
  } else if (zero >= 0) what = "the file is binary (a zero byte)";
  else if (offset === 0) {
    byte = chunk.subarray(0, SNIFF_BYTES).findIndex(isControl);
    if (byte >= 0) what = "the file is binary (a control character)";
    else if (isMostlyHigh(chunk.subarray(0, SNIFF_BYTES))) what = "the file is binary (hardly any ASCII)";
  }
  if (what === undefined) return;
  throw new InputError(what, {
    source,
    byte: offset + Math.max(0, byte),
    remedy: "give a text recording, plain or packed",
  });
}

function startsAsUtf16(chunk: Uint8Array): boolean {
  return (chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff);
}

/** Control characters that no text has; backspace to carriage return and escape (colours) may occur. */
function isControl(byte: number): boolean {
  return byte < 0x08 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b);
}

function isMostlyHigh(bytes: Uint8Array): boolean {
  let high = 0;
  for (const byte of bytes) if (byte >= 0x80) high++;
  return high > bytes.length * 0.3;
}
