/**
 * `shootdown flushcost`: what a stream of flushes costs a program in refills, by the way in which they are done.
 */
import type { Command } from "commander";
import { excerpt, InputError } from "../error.js";
import type { PageRange, PageSize } from "../replay/engine.js";
import { type FlushStrategy, flushCost, pmdSharing } from "../replay/flushcost.js";
import { flushesEvery, readFlushes } from "../replay/flushes.js";
import { findTlb } from "../replay/presets.js";
import { FORMATS, type TraceFormatName } from "../replay/read/detect.js";
import type { TraceEnd } from "../replay/read/open.js";
import { recordsOf, rereadable } from "../replay/rereadable.js";
import { formatFlushCost } from "../report/flushcost.js";
import { cutText } from "../report/tlb.js";
import { wholeNumber } from "./options.js";
import { formatName } from "./tlb.js";
import { EXIT_BAD_INPUT, exampleText, type TraceSession } from "./trace-session.js";

interface FlushCostFlags {
  readonly tlb: string;
  readonly pages: PageSize;
  readonly every?: number;
  readonly range: number;
  readonly flushes?: string;
  readonly ceiling?: readonly number[];
  readonly hugetlb?: readonly PageRange[];
  readonly processes: number;
  readonly format?: TraceFormatName;
}

const EVERY = 10_000;
const SIZES: readonly PageSize[] = ["4k", "2m", "1g"];

export function registerFlushcost(program: Command, session: TraceSession): void {
  const ceilings = wholeNumber("--ceiling", 0, 1_000_000);
  program
    .command("flushcost")
    .summary("what flushes cost a program in refills")
    .description(
      "Runs a trace with and without a stream of flushes and counts the misses that they alone cause: all of them " +
        "full, all ranged, or page by page with full flushes above a ceiling (Linux on x86: 33 pages). The flushes " +
        "are one behind every so many records, of the pages that the program uses there, or a list of yours. With " +
        "--hugetlb it also says what sharing PMD tables saves.",
    )
    .argument("<trace>", "the trace, as for `shootdown tlb`")
    .option("-t, --tlb <name>", "a preset or a geometry as l1:64x4,l2:1536x12", "skylake")
    .option("-p, --pages <size>", "page size: 4k, 2m or 1g", pageSize, "4k")
    .option("--every <n>", `a flush behind every n records (default: ${EVERY})`, wholeNumber("--every", 1, 1e12))
    .option("--range <pages>", "base pages of each such flush", wholeNumber("--range", 1, 2 ** 20), 16)
    .option("--flushes <file>", "instead: lines of AFTER START PAGES (record, byte address, base pages)")
    .option(
      "--ceiling <pages>",
      "pages above which page by page becomes full (default: 33); may be given again",
      (text: string, before: readonly number[] = []) => [...before, ceilings(text)],
    )
    .option("--hugetlb <start-end>", "a shared hugetlbfs mapping, as 0x7f0000000000-0x7f0080000000", addresses)
    .option("--processes <n>", "count each address space so often for --hugetlb", wholeNumber("--processes", 1, 1e6), 1)
    .option("--format <name>", `instead of looking: ${Object.keys(FORMATS).join(", ")}`, formatName)
    .addHelpText(
      "after",
      exampleText([
        ["shootdown flushcost app.lackey.xz", "a flush of 16 pages behind every 10,000 records"],
        ["shootdown flushcost app.sdt --every 1000 --range 64 --ceiling 33 --ceiling 512", "two ceilings compared"],
      ]),
    )
    .action((trace: string, flags: FlushCostFlags) => runFlushcost(trace, flags, session));
}

async function runFlushcost(path: string, flags: FlushCostFlags, session: TraceSession): Promise<void> {
  if (flags.flushes !== undefined && flags.every !== undefined) {
    throw new InputError("--every and --flushes exclude each other", {
      source: "flushcost",
      remedy: "give one of them",
    });
  }
  const tlb = findTlb(flags.tlb).name;
  const list = flags.flushes === undefined ? undefined : await readFlushes(flags.flushes);
  const { signal } = session;
  const trace = await rereadable(path, flags.format === undefined ? { signal } : { signal, format: flags.format });
  try {
    let end: TraceEnd | undefined;
    const source = recordsOf(trace, (found) => {
      end = found;
    });
    session.progress.show(() => `${path}: looking for places to flush`);
    const flushes = list ?? (await flushesEvery(source, flags.every ?? EVERY, flags.range));
    session.progress.show(() => `${path}: ${flushes.length.toLocaleString("en-US")} flushes, in each way`);
    const ceilings = flags.ceiling ?? [33];
    const strategies: FlushStrategy[] = ["full", "ranged", ...ceilings.map((ceiling) => ({ ceiling }))];
    const rows = await flushCost({ source, flushes, strategies, tlb: flags.tlb, pages: flags.pages });
    const sharing = flags.hugetlb && (await pmdSharing(source, flags.hugetlb, flags.processes));
    const cut = trace.cut ?? end?.cut;
    const report = {
      source: path,
      tlb,
      pages: flags.pages,
      records: end?.records ?? 0,
      requests: flushes.length,
      requestedPages: flushes.reduce((sum, { pages }) => sum + pages, 0),
      strategies: rows,
      ...(sharing === undefined ? {} : { sharing }),
      ...(cut === undefined ? {} : { cut }),
    };
    if (session.json) session.printJson({ schema: "shootdown/flushcost@1", ...report });
    else session.print(formatFlushCost(report, session.look));
    if (cut === undefined) return;
    session.remark(`shootdown: ${path}: ${cutText(cut)}`);
    session.code = EXIT_BAD_INPUT;
  } finally {
    await trace.close();
  }
}

function pageSize(text: string): PageSize {
  const size = SIZES.find((candidate) => candidate === text.trim().toLowerCase());
  if (size !== undefined) return size;
  throw new InputError(`there is no page size ${excerpt(text)}`, {
    source: "--pages",
    remedy: `choose one of ${SIZES.join(", ")}`,
  });
}

function addresses(text: string, before: readonly PageRange[] = []): readonly PageRange[] {
  const [, from, to] = /^(0x[0-9a-f]{1,12})-(0x[0-9a-f]{1,12})$/i.exec(text) ?? [];
  if (from !== undefined && to !== undefined && BigInt(from) < BigInt(to)) {
    return [...before, { start: BigInt(from), end: BigInt(to), size: "2m" }];
  }
  throw new InputError(`${excerpt(text)} is no range of addresses`, {
    source: "--hugetlb",
    remedy: "write it as 0x7f0000000000-0x7f0080000000",
  });
}
