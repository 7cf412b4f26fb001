/**
 * `shootdown mutate`: takes lines out of the listings, swaps and narrows them. Which does no check notice?
 */
import type { Command } from "commander";
import { type MutateOptions, mutate } from "../../mutate/mutate.js";
import { formatMutate } from "../../report/mutate.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { names, namesOrAll } from "../options.js";
import type { Session } from "../session.js";

interface MutateFlags {
  readonly edition?: string;
  readonly backend?: readonly string[];
  readonly all: boolean;
}

export function addMutate(program: Command, session: Session): void {
  program
    .command("mutate")
    .summary("take lines out of the listings: which does no check notice?")
    .description(
      "Changes each line of the calls' listings in an edition that is right: takes it out, swaps it with its " +
        "neighbour, narrows what it records. Each mutant is found, equivalent within the bound, unreached, or " +
        "survives. Ends with 1 when one survives or is unreached. Flushes that nothing misses are listed.",
    )
    .argument("[path...]", "calls from `shootdown list calls` (default: munmap mremap mprotect)")
    .option("-e, --edition <name>", "an edition that is right (default: the newest release)")
    .option("-b, --backend <list>", "back-ends, separated by commas, or all (default: all)", names("--backend"))
    .option("--all", "print the mutants that were found, too", false)
    .addHelpText(
      "after",
      examples([
        ["shootdown mutate munmap", "every line of the unmap path of the newest edition"],
        ["shootdown mutate mremap --backend x86 --json", "on one machine, as JSON"],
      ]),
    )
    .action((paths: readonly string[], flags: MutateFlags) => runMutate(paths, flags, session));
}

async function runMutate(paths: readonly string[], flags: MutateFlags, session: Session): Promise<void> {
  const options: MutateOptions = {
    ...(paths.length === 0 ? {} : { calls: paths }),
    ...(flags.edition === undefined ? {} : { edition: flags.edition }),
    backends: namesOrAll(flags.backend),
    signal: session.signal,
    onProgress: ({ done, total, id }) => session.progress.show(() => `mutate ${done} of ${total}: ${id}`),
  };
  const result = await mutate(options);
  session.code = result.counts.survived + result.counts.unreached > 0 ? Exit.HARM : Exit.OK;
  if (result.interrupted) session.code = Exit.INTERRUPTED;
  if (session.json) session.printJson(result);
  else session.print(formatMutate(result, flags.all, session.look));
  if (result.interrupted)
    session.remark("shootdown: interrupted; the same command starts again, and a path narrows it");
}
