/**
 * The bytes of a file, unpacked: plain, gzip, xz or zstd, told apart by their magic bytes and never by the file's name.
 *
 * Invariants
 *   B1  Memory is constant: one chunk, and the decoder's own window.
 *   B2  A packed file that ends early is a CutError, never a shorter text; all that could be unpacked comes before it.
 *   B3  Members that were concatenated (`cat a.xz b.xz`) are read one after the other.
 *
 * Reference: RFC 1952; "The .xz File Format" 1.1, sections 2.1 and 2.2; RFC 8878.
 */
import { InputError } from "../error.js";
import { CutError, FileSource } from "./file.js";
import { isToolThere, runTool } from "./tools.js";
import { gunzip, unxz, unzstd } from "./unpack.js";

export { CutError } from "./file.js";

export type Packing = "plain" | "gzip" | "xz" | "zstd";

const MAGIC_BYTES = 6;
const MAGICS: readonly (readonly [Packing, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];
const FOREIGN_MAGICS: readonly (readonly [string, string, readonly number[]])[] = [
  ["bzip2", "bzip2 -dc", [0x42, 0x5a, 0x68]],
  ["zip", "unzip -p", [0x50, 0x4b, 0x03, 0x04]],
  ["lz4", "lz4 -dc", [0x04, 0x22, 0x4d, 0x18]],
];

export interface BytesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether `xz` and `zstd` may do the work if they are installed, which is several times faster. Default true. */
  readonly tools?: boolean | undefined;
  /** Told before the first byte. */
  readonly onPacking?: ((packing: Packing) => void) | undefined;
}

/** Yields the unpacked bytes of `path`. A chunk is valid until the next one is asked for. Throws InputError. */
export async function* openBytes(path: string, options: AbortSignal | BytesOptions = {}): AsyncGenerator<Buffer> {
  const {
    signal,
    tools = true,
    onPacking,
  }: BytesOptions = options instanceof AbortSignal ? { signal: options } : options;
  const file = new FileSource(path, signal);
  try {
    const head = await file.peek(MAGIC_BYTES);
    for (const [name, tool, magic] of FOREIGN_MAGICS) {
      if (!startsWith(head, magic)) continue;
      throw new InputError(`packed with ${name}, which is not read here`, {
        source: path,
        remedy: `unpack it with \`${tool}\`, or pack it with gzip, xz or zstd`,
      });
    }
    const packing = packingOf(head);
    onPacking?.(packing);
    if (packing === "plain") yield* file.chunks();
    else if (packing === "gzip") yield* gunzip(file);
    else if (tools && isToolThere(packing)) yield* runTool(file, packing);
    else yield* packing === "xz" ? unxz(file) : unzstd(file);
  } finally {
    await file.close();
  }
}

/** How the file is packed, by its first bytes. */
export function packingOf(head: Uint8Array): Packing {
  return MAGICS.find(([, magic]) => startsWith(head, magic))?.[0] ?? "plain";
}

export function isCut(error: unknown): error is CutError {
  return error instanceof CutError;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
