/**
 * The bytes of a file, unpacked: plain, gzip or xz, told apart by their magic bytes and never by the file's name.
 *
 * Invariants
 *   B1  Memory is constant: one chunk, and the decoder's own window.
 *   B2  A packed file that ends early is an error, never a shorter text.
 *   B3  Members that were concatenated (`cat a.xz b.xz`) are read one after the other.
 *
 * Reference: RFC 1952; "The .xz File Format" 1.1, sections 2.1 and 2.2. The xz decoder is one wasm instance per thread:
 * two .xz files are read one after the other, so do not hold one open half-read while waiting for another.
 */
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import xzDecompress from "xz-decompress";
import { InputError } from "../error.js";

const CHUNK_BYTES = 256 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];
const XZ_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOREIGN_MAGICS: readonly (readonly [string, string, readonly number[]])[] = [
  ["zstd", "zstd -dc", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", "bzip2 -dc", [0x42, 0x5a, 0x68]],
  ["zip", "unzip -p", [0x50, 0x4b, 0x03, 0x04]],
  ["lz4", "lz4 -dc", [0x04, 0x22, 0x4d, 0x18]],
];

/** Yields the unpacked bytes of `path`. A chunk is valid until the next one is asked for. Throws InputError. */
export async function* openBytes(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = new FileSource(path, signal);
  try {
    const head = await file.peek(XZ_MAGIC.length);
    for (const [name, tool, magic] of FOREIGN_MAGICS) {
      if (!startsWith(head, magic)) continue;
      throw new InputError(`packed with ${name}, which is not read here`, {
        source: path,
        remedy: `unpack it with \`${tool}\`, or pack it with gzip or xz`,
      });
    }
    if (startsWith(head, GZIP_MAGIC)) yield* gunzip(file);
    else if (startsWith(head, XZ_MAGIC)) yield* unxz(file);
    else yield* file.chunks();
  } finally {
    await file.close();
  }
}

/** The raw file; counts what was read, and turns the system's errors into ours. */
class FileSource {
  /** Bytes handed out so far. */
  offset = 0;
  isAtEnd = false;
  readonly #stream;
  readonly #iterator: AsyncIterator<Buffer>;
  #peeked: Buffer | undefined;

  constructor(
    readonly path: string,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    this.#iterator = this.#stream[Symbol.asyncIterator]();
  }

  /** The first bytes without consuming them; fewer than `count` only if the file is shorter. */
  async peek(count: number): Promise<Buffer> {
    let head = this.#peeked ?? Buffer.alloc(0);
    while (head.length < count) {
      const more = await this.#read();
      if (more === undefined) break;
      head = head.length === 0 ? more : Buffer.concat([head, more]);
    }
    this.#peeked = head;
    return head;
  }

  async next(): Promise<Buffer | undefined> {
    this.signal?.throwIfAborted();
    const chunk = this.#peeked ?? (await this.#read());
    this.#peeked = undefined;
    if (chunk === undefined || chunk.length === 0) {
      this.isAtEnd = true;
      return undefined;
    }
    this.offset += chunk.length;
    return chunk;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  cut(format: string): InputError {
    return new InputError(`the file is cut: the ${format} data ends early`, {
      source: this.path,
      byte: this.offset,
      remedy: "copy it again from where it was recorded",
    });
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    await this.#iterator.return?.();
  }

  async #read(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      return done ? undefined : value;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }
}

async function* gunzip(file: FileSource): AsyncGenerator<Buffer> {
  const unpacker = createGunzip({ chunkSize: CHUNK_BYTES });
  // The loop below throws whatever goes wrong; the callback only keeps it from being thrown twice.
  pipeline(Readable.from(file.chunks()), unpacker, () => {});
  try {
    for await (const chunk of unpacker) yield chunk as Buffer;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "Z_BUF_ERROR") throw file.cut("gzip");
    if (code?.startsWith("Z_") === true) throw damaged(file, "gzip", "gzip -t", (error as Error).message);
    throw error;
  }
}

async function* unxz(file: FileSource): AsyncGenerator<Buffer> {
  const feed = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await file.next();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
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
    throw damaged(file, "xz", "xz -t", (error as Error).message);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function damaged(file: FileSource, format: string, tool: string, detail: string): InputError {
  return new InputError(`the ${format} data is damaged or not supported (${detail})`, {
    source: file.path,
    byte: file.offset,
    remedy: `check it with \`${tool}\` and copy it again, or unpack it first`,
  });
}

function unreadable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new InputError("no such file", { source: path, remedy: "check the path" });
  }
  if (code === "EISDIR") return new InputError("is a directory", { source: path, remedy: "give one file of it" });
  if (code === undefined || error instanceof InputError) return error;
  return new InputError(`cannot be read (${code})`, { source: path, remedy: "check its permissions and its disk" });
}
