/**
 * A file that is packed while it is written: gzip by node:zlib; xz and zstd by the programs of that name.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { InputError } from "../../error.js";
import { isToolThere } from "../../workload/tools.js";

export type OutputPacking = "plain" | "gzip" | "xz" | "zstd";

export interface PackedFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Returns the size on disk. */
  close(): Promise<number>;
  abandon(): Promise<void>;
}

/** `output` is the name that errors show; `path` is where the bytes go for now. */
export async function openPacked(path: string, packing: OutputPacking, output: string): Promise<PackedFile> {
  if ((packing === "xz" || packing === "zstd") && !isToolThere(packing)) {
    throw new InputError(`\`${packing}\` is not installed`, {
      source: output,
      remedy: `install it, or give a name that ends in .gz, which needs nothing`,
    });
  }
  const sink = createWriteStream(path);
  try {
    await once(sink, "open");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new InputError(`cannot be written (${code})`, {
      source: output,
      remedy: "check the folder and its permissions",
    });
  }
  const { entry, done } = start(packing, sink);
  // Whoever writes hears of a failure; nobody else need.
  done.catch(() => {});
  return {
    async write(bytes) {
      if (!entry.write(bytes)) await Promise.race([once(entry, "drain"), done]);
    },
    async close() {
      entry.end();
      await done;
      return (await stat(path)).size;
    },
    async abandon() {
      entry.destroy();
      sink.destroy();
      await done.catch(() => {});
    },
  };
}

function start(packing: OutputPacking, sink: Writable): { entry: Writable; done: Promise<void> } {
  if (packing === "plain") {
    const entry = new PassThrough();
    return { entry, done: pipeline(entry, sink) };
  }
  if (packing === "gzip") {
    const entry = createGzip();
    return { entry, done: pipeline(entry, sink) };
  }
  const child = spawn(packing, ["-qc"], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${packing} ended with code ${code}`))));
  });
  return { entry: child.stdin, done: Promise.all([pipeline(child.stdout, sink), ended]).then(() => {}) };
}
