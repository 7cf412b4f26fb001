/**
 * Streams of flushes for `flushCost`: one behind every so many records, or a list in a file.
 */
import { readFile } from "node:fs/promises";
import { RecordType } from "../../assembly/abi/replay.js";
import { excerpt, InputError } from "../error.js";
import type { FlushRequest } from "./flushcost.js";
import type { RecordBatches } from "./tlb.js";

const PAGE = 4096;

/**
 * A flush behind every `every`th record, of the `pages` base pages (aligned to their number) around the latest access:
 * what a program uses now, so that the cost is an upper bound of what a flush of that size costs there.
 */
export async function flushesEvery(
  source: () => RecordBatches,
  every: number,
  pages: number,
): Promise<readonly FlushRequest[]> {
  const found: FlushRequest[] = [];
  let index = 0;
  let latest: number | undefined;
  for await (const batch of source()) {
    const words = new Uint32Array(batch.buffer, batch.byteOffset, 2 * batch.length);
    for (let i = 0; i < words.length; i += 2, index++) {
      const high = words[i + 1] as number;
      const type = high >>> 24;
      if (type >= RecordType.LOAD && type < RecordType.FLUSH_ALL) {
        latest = (high & 0xffff) * 2 ** 32 + (words[i] as number);
      }
      // The two halves of a range must stay together.
      if (type === RecordType.INVALIDATE_RANGE || (index + 1) % every !== 0 || latest === undefined) continue;
      const block = pages * PAGE;
      found.push({ after: index, start: BigInt(Math.floor(latest / block) * block), pages });
    }
  }
  return found;
}

const LINE = /^(\d{1,15})\s+(0x[0-9a-fA-F]{1,12}|\d{1,15})\s+(\d{1,9})$/;
const PAGES_MOST = 2 ** 27;

/** Reads lines of `AFTER START PAGES`: a record's index, an address in bytes, base pages. `#` begins a remark. */
export async function readFlushes(path: string): Promise<readonly FlushRequest[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new InputError("cannot be read", { source: path, remedy: "check the path of the list of flushes" });
  }
  const found: FlushRequest[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const content = line.replace(/#.*/, "").trim();
    if (content === "") continue;
    const [, after, start, pages] = LINE.exec(content) ?? [];
    const fault = (what: string, remedy: string): InputError =>
      new InputError(what, { source: path, line: i + 1, remedy });
    const remedy = "write AFTER START PAGES, such as 1000 0x7f0000000000 16";
    if (after === undefined || start === undefined) throw fault(`${excerpt(content)} is no flush`, remedy);
    const count = Number(pages);
    if (count < 1 || count > PAGES_MOST) throw fault(`a flush has 1 to ${PAGES_MOST} pages`, remedy);
    if (Number(after) < (found.at(-1)?.after ?? 0)) throw fault("the flushes are out of order", "sort them by AFTER");
    found.push({ after: Number(after), start: BigInt(start), pages: count });
  }
  return found;
}
