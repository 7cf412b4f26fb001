/**
 * `shootdown tlb`: a memory-access trace through TLBs.
 */
import type { Command } from "commander";
import { InputError } from "../error.js";
import { FORMATS, type TraceFormatName } from "../replay/read/detect.js";
import { type Pages, tlb } from "../replay/tlb.js";
import { cutText, formatTlb } from "../report/tlb.js";
import { EXIT_BAD_INPUT, exampleText, recordProgress, type TraceSession } from "./trace-session.js";

const CPUS_MOST = 4096;
const PAGES: readonly Pages[] = ["4k", "2m", "1g", "thp"];

interface TlbFlags {
  readonly tlb?: readonly string[];
  readonly pages?: readonly Pages[];
  readonly cpus?: number;
  readonly fetch?: boolean;
  readonly sweep?: boolean;
  readonly levels: 4 | 5;
  readonly format?: TraceFormatName;
}

export function registerTlb(program: Command, session: TraceSession): void {
  program
    .command("tlb")
    .summary("a memory-access trace through TLBs")
    .description(
      "Runs a trace through TLBs and page walks and counts what misses, exactly. Reads traces of valgrind lackey, " +
        "DynamoRIO (drmemtrace, or its view), ChampSim and `shootdown convert`, plain or packed (gzip, xz, zstd); " +
        "what the file holds counts, not its name. Ends with 2 when the trace is cut, after printing what came before.",
    )
    .argument("<trace>", "the trace")
    .option("-t, --tlb <name>", "a preset or a geometry as l1:64x4,l2:1536x12; may be given again", collect)
    .option("-p, --pages <list>", "page sizes: 4k, 2m, 1g, thp (default: 4k,2m,thp)", pageList)
    .option("--cpus <n>", "CPUs that the trace may use, at most", wholeNumber("--cpus", 1, CPUS_MOST))
    .option("--fetch", "instruction fetches too (default: data accesses only)")
    .option("--sweep", "also every LRU geometry of 1 to 2048 sets and 1 to 16 ways, in the same reading")
    .option("--levels <n>", "levels of the page tables: 4 or 5", wholeNumber("--levels", 4, 5), 4)
    .option("--format <name>", `instead of looking: ${Object.keys(FORMATS).join(", ")}`, formatName)
    .addHelpText(
      "after",
      exampleText([
        ["shootdown tlb app.lackey.xz", "4 KiB, 2 MiB and transparent huge pages on Skylake"],
        ["shootdown tlb app.sdt -t zen4 -t l1:64x4,l2:1536x12 -p 4k --sweep", "two TLBs, and every other one"],
      ]),
    )
    .action((trace: string, flags: TlbFlags) => runTlb(trace, flags, session));
}

async function runTlb(trace: string, flags: TlbFlags, session: TraceSession): Promise<void> {
  const line = recordProgress(trace);
  const result = await tlb({
    source: trace,
    ...flags,
    signal: session.signal,
    onProgress: (progress) => session.progress.show(() => line(progress)),
  });
  if (session.json) session.printJson({ schema: "shootdown/tlb@1", ...result });
  else session.print(formatTlb(result, session.look));
  if (result.cut === undefined) return;
  session.remark(`shootdown: ${trace}: ${cutText(result.cut)}`);
  session.code = EXIT_BAD_INPUT;
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function pageList(text: string, before: readonly Pages[] = []): readonly Pages[] {
  const found = text.split(",").map((item) => {
    const size = PAGES.find((candidate) => candidate === item.trim().toLowerCase());
    if (size !== undefined) return size;
    throw new InputError(`there is no page size ${JSON.stringify(item)}`, {
      source: "--pages",
      remedy: `choose of ${PAGES.join(", ")}`,
    });
  });
  return [...new Set([...before, ...found])];
}

export function formatName(text: string): TraceFormatName {
  if (Object.hasOwn(FORMATS, text)) return text as TraceFormatName;
  throw new InputError(`there is no format ${JSON.stringify(text)}`, {
    source: "--format",
    remedy: `choose of ${Object.keys(FORMATS).join(", ")}`,
  });
}

function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InputError(`${JSON.stringify(text)} is no whole number from ${least} to ${most}`, {
      source: option,
      remedy: "give a number in that range",
    });
  };
}
