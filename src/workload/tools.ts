/**
 * The system's `xz` and `zstd`, if they are installed: the same bytes as our own decoders yield, several times faster.
 *
 * The program reads the file itself; what it wrote before it failed is handed out before the failure is told.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import type { FileSource } from "./file.js";

type Tool = "xz" | "zstd";

const found = new Map<Tool, boolean>();

export function isToolThere(tool: Tool): boolean {
  const known = found.get(tool) ?? (process.env.PATH ?? "").split(delimiter).some((folder) => isProgram(folder, tool));
  found.set(tool, known);
  return known;
}

function isProgram(folder: string, tool: Tool): boolean {
  if (folder === "" || process.platform === "win32") return false;
  try {
    accessSync(join(folder, tool), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Unpacks `file` with `tool`; the same errors as from our own decoders. */
export async function* runTool(file: FileSource, tool: Tool): AsyncGenerator<Buffer> {
  // A pipe or device can be read once only, and `file` has begun.
  const isPlainFile = (await stat(file.path)).isFile();
  const handle = isPlainFile ? await open(file.path) : undefined;
  const child = spawn(tool, ["-dcq"], { stdio: [handle?.fd ?? "pipe", "pipe", "pipe"] }) as ChildProcessByStdio<
    null,
    Readable,
    Readable
  >;
  const ended = outcome(child);
  if (handle === undefined) void feed(file, child as unknown as { stdin: NodeJS.WritableStream });
  try {
    for await (const chunk of child.stdout) {
      file.signal?.throwIfAborted();
      yield chunk as Buffer;
    }
    const { code, complaint } = await ended;
    if (handle !== undefined) file.offset = (await handle.stat()).size;
    if (code === 0) return;
    if (/unexpected end|read error|premature/i.test(complaint)) throw file.cut(tool);
    throw file.damaged(tool, `${tool} -t`, complaint.replace(/^\S+: (\(stdin\)|\S*stdin\S*)\s*: /, "").trim());
  } finally {
    child.kill();
    await handle?.close();
  }
}

/** Exit code and what the program said, of which a line is enough. */
function outcome(child: ChildProcessByStdio<null, Readable, Readable>): Promise<{ code: number; complaint: string }> {
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    if (complaint.length < 1000) complaint += text.toString("latin1");
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: -1, complaint: error.message }));
    child.on("close", (code) => resolve({ code: code ?? -1, complaint: complaint.split("\n")[0] ?? "" }));
  });
}

async function feed(file: FileSource, child: { stdin: NodeJS.WritableStream }): Promise<void> {
  child.stdin.on("error", () => {});
  for await (const chunk of file.chunks()) {
    if (!child.stdin.write(Buffer.from(chunk))) await new Promise((resolve) => child.stdin.once("drain", resolve));
  }
  child.stdin.end();
}
