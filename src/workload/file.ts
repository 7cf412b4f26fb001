/**
 * A file as it lies on disk, chunk by chunk, and the errors that name a place in it.
 */
import { createReadStream } from "node:fs";
import { InputError } from "../error.js";

export const CHUNK_BYTES = 256 * 1024;

/** The file ends early. What came before is good, and has been handed out. */
export class CutError extends InputError {
  readonly what: string;
  /** Bytes of the file on disk. */
  readonly byte: number;

  constructor(what: string, source: string, byte: number) {
    super(`the file is cut: ${what}`, { source, byte, remedy: "copy it again from where it was recorded" });
    this.what = what;
    this.byte = byte;
  }
}

/** Counts what was read, and turns the system's errors into ours. */
export class FileSource {
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

  cut(format: string): CutError {
    return new CutError(`the ${format} data ends early`, this.path, this.offset);
  }

  damaged(format: string, tool: string, detail: string): InputError {
    return new InputError(`the ${format} data is damaged or not supported (${detail})`, {
      source: this.path,
      byte: this.offset,
      remedy: `check it with \`${tool}\` and copy it again, or unpack it first`,
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

function unreadable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new InputError("no such file", { source: path, remedy: "check the path" });
  }
  if (code === "EISDIR") return new InputError("is a directory", { source: path, remedy: "give one file of it" });
  if (code === undefined || error instanceof InputError) return error;
  return new InputError(`cannot be read (${code})`, { source: path, remedy: "check its permissions and its disk" });
}
