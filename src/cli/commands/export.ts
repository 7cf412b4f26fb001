/**
 * `shootdown export --promela`: a scenario as a model for SPIN.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { caseIn } from "../../explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario } from "../../explore/choose.js";
import { exportPromela } from "../../export/promela.js";
import type { Case, Scenario } from "../../scenarios/scenario.js";
import { saveAs } from "../files.js";
import { examples } from "../help.js";
import type { Session } from "../session.js";

interface ExportFlags {
  readonly promela?: boolean;
  readonly edition: string;
  readonly backend: string;
  readonly output?: string;
}

export function addExport(program: Command, session: Session): void {
  program
    .command("export")
    .summary("a scenario as a model for another checker")
    .description(
      "Writes a scenario in an edition on a back-end as a Promela model, so that SPIN can count its states and look " +
        "for its violations (docs/promela.md).",
    )
    .argument("<scenario>", "a name from `shootdown list scenarios`, and /CASE if it has several")
    .option("--promela", "the language of SPIN (the only one so far)")
    .requiredOption("-e, --edition <name>", "an edition")
    .requiredOption("-b, --backend <name>", "a back-end")
    .option("-o, --output <file>", "write to a file instead of the standard output")
    .addHelpText(
      "after",
      examples([
        ["shootdown export --promela seed/truncate -e 5.15 -b x86 -o seed.pml", "then: spin -o2 -a seed.pml"],
        ["shootdown export --promela hole-punch -e 5.16 -b arm64-range", "the only case of a scenario"],
      ]),
    )
    .action((name: string, flags: ExportFlags) => runExport(name, flags, session));
}

/** Scenario and case of `scenario/case`; the case may be left out when there is one. */
function chooseCase(name: string): { scenario: Scenario; which: Case } {
  const [first = "", second] = name.split("/", 2);
  const scenario = chooseScenario(first);
  const names = scenario.cases.map((which) => which.name);
  const which = second === undefined && names.length === 1 ? scenario.cases[0] : undefined;
  const found = which ?? scenario.cases.find((one) => one.name === second);
  if (found !== undefined) return { scenario, which: found };
  const what = second === undefined ? `${scenario.name} has several cases` : `${scenario.name} has no case "${second}"`;
  throw new InputError(what, {
    source: "export",
    remedy: `choose one of: ${names.map((one) => `${scenario.name}/${one}`).join(", ")}`,
  });
}

async function runExport(name: string, flags: ExportFlags, session: Session): Promise<void> {
  if (flags.promela !== true)
    throw new InputError("no language was named", { source: "export", remedy: "add --promela" });
  const { scenario, which } = chooseCase(name);
  const edition = chooseEdition(flags.edition);
  const backend = chooseBackend(flags.backend);
  const model = exportPromela({ scenario, which: caseIn(which, edition), edition, backend });
  if (flags.output !== undefined) saveAs(flags.output, model);
  const about = { scenario: scenario.name, case: which.name, edition: edition.name, backend: backend.name };
  const lines = model.split("\n").length - 1;
  if (session.json) {
    const where = flags.output === undefined ? { model } : { output: flags.output };
    session.printJson({ schema: "shootdown/export@1", language: "promela", ...about, lines, ...where });
  } else if (flags.output === undefined) session.print(model);
  else session.print(`${flags.output}: ${lines} lines of Promela\n`);
}
