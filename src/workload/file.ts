/**
 * A file as it lies on disk, chunk by chunk, and the errors that name a place in it.
 */
import { type FileHandle, open } from "node:fs/promises";
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

/**
 * Counts what was read, and turns the system's errors into ours. Two buffers take turns: while one is worked on, the
 * next part of a plain file is read into the other. So a chunk is valid until the next one is asked for.
 */
export class FileSource {
  /** Bytes handed out so far. */
  offset = 0;
  isAtEnd = false;
  #handle: FileHandle | undefined;
  /** A pipe is not read ahead: nobody knows when it will answer. */
  #isPlain = false;
  #buffers: Buffer[] = [];
  #ahead: Promise<Buffer> | undefined;
  #peeked: Buffer | undefined;

  constructor(
    readonly path: string,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** The first bytes without consuming them; fewer than `count` only if the file is shorter. */
  async peek(count: number): Promise<Buffer> {
    let head = this.#peeked ?? Buffer.alloc(0);
    while (head.length < count) {
      const more = await this.#read();
      if (more === undefined) break;
      head = Buffer.concat([head, more]);
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
    const handle = this.#handle;
    this.#handle = undefined;
    this.isAtEnd = true;
    await this.#ahead?.catch(() => {});
    await handle?.close();
  }

  async #read(): Promise<Buffer | undefined> {
    if (this.isAtEnd) return undefined;
    try {
      if (this.#buffers.length === 0) await this.#open();
      const chunk = await (this.#ahead ?? this.#fill());
      this.#ahead = undefined;
      if (chunk.length === 0) return undefined;
      if (this.#isPlain) {
        this.#ahead = this.#fill();
        // Whoever asks next hears of it; if nobody does, it does not matter.
        this.#ahead.catch(() => {});
      }
      return chunk;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  async #open(): Promise<void> {
    this.#handle = await open(this.path);
    this.#isPlain = (await this.#handle.stat()).isFile();
    this.#buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)];
  }

  async #fill(): Promise<Buffer> {
    const [buffer, other] = this.#buffers as [Buffer, Buffer];
    this.#buffers = [other, buffer];
    const { bytesRead } = await (this.#handle as FileHandle).read(buffer, 0, CHUNK_BYTES, null);
    return buffer.subarray(0, bytesRead);
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
