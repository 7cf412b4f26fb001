/**
 * Decoders that need nothing but this package: gzip by node:zlib, xz by wasm, zstd in JavaScript.
 *
 * The two libraries are loaded when a file needs them: a worker that reads a plain trace starts sooner.
 * All of them hand out what they have before they say that the file is cut. The xz decoder is one wasm instance per
 * thread: two .xz files are read one after the other, so do not hold one open half-read while waiting for another.
 */
import { createGunzip } from "node:zlib";
import { InputError } from "../error.js";
import { CHUNK_BYTES, type FileSource } from "./file.js";

export async function* gunzip(file: FileSource): AsyncGenerator<Buffer> {
  const unpacker = createGunzip({ chunkSize: CHUNK_BYTES });
  let failure: Error | undefined;
  let wake = (): void => {};
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  unpacker.on("readable", () => wake()).on("end", () => wake());
  unpacker.on("error", (error) => {
    failure = error;
    wake();
  });
  try {
    // A stream that fails drops what it still holds: so one chunk at a time, and all that it gives before the next one.
    for (let isOver = false; !isOver && failure === undefined; ) {
      const chunk = await file.next();
      isOver = chunk === undefined;
      let isTaken = false;
      const taken = (): void => {
        isTaken = true;
        wake();
      };
      if (chunk === undefined) unpacker.end();
      else unpacker.write(chunk, taken);
      while (failure === undefined) {
        for (let piece = unpacker.read(); piece !== null; piece = unpacker.read()) yield piece as Buffer;
        if (isOver ? unpacker.readableEnded : isTaken && unpacker.readableLength === 0) break;
        await woken();
      }
    }
  } finally {
    unpacker.destroy();
  }
  if (failure === undefined) return;
  if ((failure as NodeJS.ErrnoException).code === "Z_BUF_ERROR") throw file.cut("gzip");
  throw file.damaged("gzip", "gzip -t", (failure as Error).message);
}

export async function* unxz(file: FileSource): AsyncGenerator<Buffer> {
  const { default: xzDecompress } = await import("xz-decompress");
  const feed = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await file.next();
        if (chunk === undefined) controller.close();
        else controller.enqueue(Uint8Array.from(chunk));
      },
    },
    { highWaterMark: 0 },
  );
  const reader = new xzDecompress.XzReadableStream(feed).getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value.length > 0) yield Buffer.from(value.buffer, value.byteOffset, value.length);
    }
  } catch (error) {
    if (error instanceof InputError || file.signal?.aborted === true) throw error;
    // The decoder also looks for a further stream, so that asking at the end means nothing; failing there does.
    if (file.isAtEnd) throw file.cut("xz");
    throw file.damaged("xz", "xz -t", (error as Error).message);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** fzstd's code for input that ends early; its enumeration is not there at run time. */
const UNEXPECTED_END = 5;

export async function* unzstd(file: FileSource): AsyncGenerator<Buffer> {
  const { Decompress } = await import("fzstd");
  const pieces: Uint8Array[] = [];
  const unpacker = new Decompress((piece) => {
    if (piece.length > 0) pieces.push(piece);
  });
  // Small bites: all that one bite unpacks to is held at once.
  const bite = 16 * 1024;
  try {
    for await (const chunk of file.chunks()) {
      for (let from = 0; from < chunk.length; from += bite) {
        // The decoder keeps what it is given, and the file's chunks are used again.
        unpacker.push(Uint8Array.from(chunk.subarray(from, from + bite)));
        for (const piece of pieces.splice(0)) yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      }
    }
    unpacker.push(new Uint8Array(0), true);
    for (const piece of pieces.splice(0)) yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  } catch (error) {
    if (error instanceof InputError || file.signal?.aborted === true) throw error;
    if ((error as { code?: number }).code === UNEXPECTED_END) throw file.cut("zstd");
    throw file.damaged("zstd", "zstd -t", (error as Error).message);
  }
}
