/**
 * `shootdown conform`: recordings of real kernels against the model.
 */
import type { Command } from "commander";
import { conform } from "../../conform/conform.js";
import { loadRecordings } from "../../conform/load.js";
import { excerpt, InputError } from "../../error.js";
import { conformJson, formatConform, shareOf } from "../../report/conform.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import type { Session } from "../session.js";

const LEAST = 98;

export function addConform(program: Command, session: Session): void {
  program
    .command("conform")
    .summary("how far recordings of real kernels agree with the model")
    .description(
      "Plays the scripts of recordings in the edition of each recording's kernel, and compares every operation that " +
        "was the same in all repeats: flushes, CPUs, page tables, batches, faults, results. Ends with 1 below --least.",
    )
    .argument("<path>", "a recording (.json, packed or not), or a folder of them")
    .option("--least <percent>", "share of the compared operations that must agree", percent, LEAST)
    .option("--all", "print every disagreement in full")
    .addHelpText(
      "after",
      examples([
        ["shootdown conform test/fixtures/golden", "four kernels, a table by file"],
        ["shootdown conform golden/6.1.192/f_small.json --all --json", "one file, every disagreement, as JSON"],
      ]),
    )
    .action(async (path: string, flags: { least: number; all?: boolean }) => {
      const result = conform(await loadRecordings(path, session.signal));
      session.code = shareOf(result) >= flags.least ? Exit.OK : Exit.HARM;
      if (session.json) session.printJson(conformJson(result));
      else session.print(formatConform(result, session.look, flags.all ?? false));
    });
}

function percent(text: string): number {
  const value = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 100) return value;
  throw new InputError(`${excerpt(text)} is no percentage`, {
    source: "--least",
    remedy: "give a number from 0 to 100, such as --least 98",
  });
}
