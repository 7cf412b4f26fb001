/**
 * `shootdown unmap`: the kernel's munmap over gigabytes, edition by edition.
 */
import type { Command } from "commander";
import { excerpt, InputError } from "../error.js";
import { backends } from "../kernel/arch/backends.js";
import { findEdition, releases } from "../kernel/editions.js";
import { PAGES_MOST, rangeUnmap, type UnmapOptions, type UnmapResult } from "../replay/unmap.js";
import { formatUnmaps } from "../report/flushcost.js";
import { names, namesOrAll, wholeNumber } from "./options.js";
import { exampleText, type TraceSession } from "./trace-session.js";

interface UnmapFlags {
  readonly kind: UnmapOptions["kind"];
  readonly pages?: number;
  readonly stride?: number;
  readonly edition?: readonly string[];
  readonly backend?: readonly string[];
}

/** A GiB of base or huge pages, a page in each GiB of a TiB. */
const PAGES = { dense: 262_144, huge: 512, sparse: 1024 } as const;

export function registerUnmap(program: Command, session: TraceSession): void {
  program
    .command("unmap")
    .summary("the kernel's munmap over gigabytes")
    .description(
      "Maps and touches a range and unmaps it through the kernel's own listing, and says how many flushes each " +
        "edition asks for and how fast the simulation was. It runs in bulk, so it says nothing of safety: that is " +
        "what `shootdown check` does.",
    )
    .option(
      "-k, --kind <name>",
      "dense (base pages), huge (2 MiB pages) or sparse (base pages far apart)",
      kind,
      "dense",
    )
    .option("-n, --pages <n>", "pages (default: 262144, 512, 1024)", wholeNumber("--pages", 1, PAGES_MOST))
    .option(
      "--stride <n>",
      "sparse: base pages from one to the next (default: 1 GiB)",
      wholeNumber("--stride", 1, 2 ** 30),
    )
    .option("-e, --edition <list>", "editions, separated by commas, or all (default: 5.16)", names("--edition"))
    .option("-b, --backend <list>", "machines, separated by commas, or all (default: x86)", names("--backend"))
    .addHelpText(
      "after",
      exampleText([
        ["shootdown unmap --edition all", "1 GiB of base pages in every release"],
        ["shootdown unmap --kind sparse --backend x86,arm64", "a page in each GiB of a TiB"],
      ]),
    )
    .action((flags: UnmapFlags) => runUnmap(flags, session));
}

function runUnmap(flags: UnmapFlags, session: TraceSession): void {
  const results: UnmapResult[] = [];
  const pages = flags.pages ?? PAGES[flags.kind];
  const editions = wanted(flags.edition ?? ["5.16"], releases, (name) => findEdition(name) !== undefined, "--edition");
  const known = new Set(backends.map(({ name }) => name));
  const machines = wanted(flags.backend ?? ["x86"], backends, (name) => known.has(name), "--backend");
  for (const edition of editions) {
    for (const backend of machines) {
      session.signal.throwIfAborted();
      session.progress.show(() => `munmap of ${pages.toLocaleString("en-US")} pages in ${edition} on ${backend}`);
      const stride = flags.stride === undefined ? {} : { stride: flags.stride };
      results.push(measured({ kind: flags.kind, pages, edition, backend, ...stride }));
    }
  }
  if (session.json) session.printJson({ schema: "shootdown/unmap@1", results });
  else session.print(formatUnmaps(results, session.look));
}

/** The second run: the first one compiles. */
function measured(options: UnmapOptions): UnmapResult {
  try {
    rangeUnmap({ ...options, pages: Math.min(options.pages, 4096) });
    return rangeUnmap(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(error.message, { source: "unmap", remedy: "ask for fewer pages or a smaller --stride" });
  }
}

function wanted(
  asked: readonly string[],
  all: readonly { readonly name: string }[],
  isKnown: (name: string) => boolean,
  option: string,
): readonly string[] {
  const list = namesOrAll(asked);
  if (list === "all") return all.map(({ name }) => name);
  const unknown = list.find((name) => !isKnown(name));
  if (unknown === undefined) return list;
  throw new InputError(`there is no ${option.slice(2)} ${excerpt(unknown)}`, {
    source: option,
    remedy: `choose of ${all.map(({ name }) => name).join(", ")}, all`,
  });
}

function kind(text: string): UnmapOptions["kind"] {
  if (Object.hasOwn(PAGES, text)) return text as UnmapOptions["kind"];
  throw new InputError(`there is no kind ${excerpt(text)}`, {
    source: "--kind",
    remedy: `choose one of ${Object.keys(PAGES).join(", ")}`,
  });
}
