/**
 * `shootdown tlb`: memory-access traces through TLBs.
 */
import type { Command } from "commander";
import { InputError } from "../error.js";
import { TLB_JOBS_MAX } from "../replay/jobs.js";
import { FORMATS, type TraceFormatName } from "../replay/read/detect.js";
import { type Pages, type TlbResult, tlbEach } from "../replay/tlb.js";
import { cutText, formatTlb } from "../report/tlb.js";
import { wholeNumber } from "./options.js";
import { EXIT_BAD_INPUT, exampleText, recordProgress, type TraceSession } from "./trace-session.js";

const CPUS_MOST = 4096;
const PAGES: readonly Pages[] = ["4k", "2m", "1g", "thp"];

interface TlbFlags {
  readonly tlb?: readonly string[];
  readonly pages?: readonly Pages[];
  readonly cpus?: number;
  readonly fetch?: boolean;
  readonly sweep?: boolean;
  readonly curve?: boolean;
  readonly levels: 4 | 5;
  readonly jobs: number;
  readonly format?: TraceFormatName;
}

export function registerTlb(program: Command, session: TraceSession): void {
  program
    .command("tlb")
    .summary("memory-access traces through TLBs")
    .description(
      "Runs traces through TLBs and page walks and counts what misses, exactly. Reads traces of valgrind lackey, " +
        "DynamoRIO (drmemtrace, or its view), ChampSim and `shootdown convert`, plain or packed (gzip, xz, zstd); " +
        "what the file holds counts, not its name. Ends with 2 when a trace is cut, after printing what came before.",
    )
    .argument("<traces...>", "the traces, each for itself")
    .option(
      "-t, --tlb <name>",
      "a preset (shootdown list tlbs) or a geometry as l1:64x4,l2:1536x12; may be given again",
      collect,
    )
    .option("-p, --pages <list>", "page sizes: 4k, 2m, 1g, thp (default: 4k,2m,thp)", pageList)
    .option("--cpus <n>", "CPUs that the trace may use, at most", wholeNumber("--cpus", 1, CPUS_MOST))
    .option("--fetch", "instruction fetches too (default: data accesses only)")
    .option("--sweep", "also every LRU geometry of 1 to 2048 sets and 1 to 16 ways, in the same reading")
    .option("--curve", "also the miss curve: fully associative LRU TLBs of every number of entries")
    .option("--levels <n>", "levels of the page tables: 4 or 5", wholeNumber("--levels", 4, 5), 4)
    .option(
      "-j, --jobs <n>",
      "worker threads: traces side by side; the rows of one trace, if there are more workers than traces",
      wholeNumber("--jobs", 1, TLB_JOBS_MAX),
      1,
    )
    .option("--format <name>", `instead of looking: ${Object.keys(FORMATS).join(", ")}`, formatName)
    .addHelpText(
      "after",
      exampleText([
        ["shootdown tlb app.lackey.xz", "4 KiB, 2 MiB and transparent huge pages on Skylake"],
        ["shootdown tlb a.sdt b.sdt -t zen4 -t l1:64x4,l2:1536x12 --sweep --jobs 2", "two traces side by side"],
      ]),
    )
    .action((traces: readonly string[], flags: TlbFlags) => runTlb(traces, flags, session));
}

async function runTlb(traces: readonly string[], flags: TlbFlags, session: TraceSession): Promise<void> {
  const line = recordProgress(traces.length === 1 ? (traces[0] as string) : `${traces.length} traces`);
  const results: TlbResult[] = [];
  const refused: InputError[] = [];
  const onResult = (result: TlbResult | InputError): void => {
    if (result instanceof InputError) {
      // The only trace is refused as any bad input is.
      if (traces.length === 1) throw result;
      refused.push(result);
      session.remark(`shootdown: ${result.message}`);
      session.code = EXIT_BAD_INPUT;
      return;
    }
    if (!session.json) session.print(`${results.length > 0 ? "\n" : ""}${formatTlb(result, session.look)}`);
    results.push(result);
    if (result.cut === undefined) return;
    session.remark(`shootdown: ${result.source}: ${cutText(result.cut)}`);
    session.code = EXIT_BAD_INPUT;
  };
  const onProgress = (progress: { records: number }): void => session.progress.show(() => line(progress));
  await tlbEach(traces, { ...flags, signal: session.signal, onProgress }, onResult);
  if (!session.json) return;
  if (traces.length === 1) session.printJson({ schema: "shootdown/tlb@1", ...results[0] });
  else {
    const failures = refused.map(({ message }) => message);
    session.printJson({ schema: "shootdown/tlb-traces@1", traces: results, refused: failures });
  }
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
