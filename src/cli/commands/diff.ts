/**
 * `shootdown diff`: what two editions do differently, line by line, with the commit of each line.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { chooseBackends, chooseEdition } from "../../explore/choose.js";
import { calls, findCall } from "../../kernel/calls.js";
import { difference } from "../../kernel/difference.js";
import type { Call } from "../../kernel/listing.js";
import { type DiffResult, formatDiff } from "../../report/diff.js";
import { examples } from "../help.js";
import { names, namesOrAll } from "../options.js";
import type { Session } from "../session.js";

export function addDiff(program: Command, session: Session): void {
  program
    .command("diff")
    .summary("what two editions do differently, line by line")
    .description(
      "Prints the lines of the kernel's paths that one edition has and the other has not, with their commits.",
    )
    .argument("<before>", "an edition, such as 5.15")
    .argument("<after>", "an edition, such as 5.16")
    .argument("[call...]", "names from `shootdown list calls` (default: all)")
    .option("-b, --backend <list>", "back-ends, separated by commas, or all (default: all)", names("--backend"))
    .addHelpText(
      "after",
      examples([
        ["shootdown diff 5.15 5.16 munmap", "the seed's patch"],
        ["shootdown diff 7.1~c2ff4764e03e 7.1 --json", "one commit, on every path, as JSON"],
      ]),
    )
    .action((before: string, after: string, chosen: readonly string[], flags: { backend?: readonly string[] }) => {
      const [a, b] = [chooseEdition(before), chooseEdition(after)];
      const machines = chooseBackends(namesOrAll(flags.backend));
      const found = difference(a, b, chosen.length === 0 ? calls : chosen.map(chooseCall), machines);
      const result: DiffResult = { schema: "shootdown/diff@1", before: a.name, after: b.name, functions: found };
      if (session.json) session.printJson(result);
      else session.print(formatDiff(a, b, found, session.look));
    });
}

function chooseCall(name: string): Call {
  const found = findCall(name);
  if (found !== undefined) return found;
  throw new InputError(`there is no call "${name}"`, {
    source: "call",
    remedy: `choose one of: ${calls.map((call) => call.name).join(", ")}`,
  });
}
