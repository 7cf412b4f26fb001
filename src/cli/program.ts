/**
 * The command line: names, options, help. Each command parses, calls the library and prints.
 */
import { Command } from "commander";
import { addCheck } from "./commands/check.js";
import { addConform } from "./commands/conform.js";
import { addDiff } from "./commands/diff.js";
import { addExport } from "./commands/export.js";
import { addFuzz } from "./commands/fuzz.js";
import { addList } from "./commands/list.js";
import { addMutate } from "./commands/mutate.js";
import { addReplay } from "./commands/replay.js";
import { addRun } from "./commands/run.js";
import { addStory } from "./commands/story.js";
import { registerConvert } from "./convert.js";
import { versionOf } from "./files.js";
import { registerFlushcost } from "./flushcost.js";
import { examples } from "./help.js";
import type { Session } from "./session.js";
import { registerTlb } from "./tlb.js";
import { registerUnmap } from "./unmap.js";

const EXAMPLES = [
  ["shootdown", "the story of one race, computed on the spot"],
  ["shootdown check seed --edition 5.15,5.16 --backend x86", "before and after the fix"],
] as const;

/** Runs the command line. Throws what failureOf() explains. */
export async function runProgram(args: readonly string[], session: Session): Promise<void> {
  const program = new Command("shootdown")
    .description("Finds missing, late and misplaced TLB flushes in kernel code, and proves the fix.")
    .version(versionOf(), "-V, --version", "print the version")
    .option("--json", "print one JSON object (docs/json.md)")
    .option("--no-color", "print without colour (so does NO_COLOR)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .hook("preAction", () => session.configure(program.opts()));
  addStory(program, session);
  addCheck(program, session);
  addMutate(program, session);
  addFuzz(program, session);
  addReplay(program, session);
  addExport(program, session);
  addRun(program, session);
  addConform(program, session);
  registerTlb(program, session);
  registerConvert(program, session);
  registerFlushcost(program, session);
  registerUnmap(program, session);
  addDiff(program, session);
  addList(program, session);
  program.addHelpText("after", examples(EXAMPLES));
  program.addHelpText(
    "after",
    "\nExit codes: 0 no harm found, 1 harm found, 2 wrong use, 3 a defect, 130 interrupted.",
  );
  await program.parseAsync(isBare(args) ? ["story", ...args] : [...args], { from: "user" });
}

/** Only options, and none that asks for help: the story is meant. */
function isBare(args: readonly string[]): boolean {
  return args.every((arg) => arg === "--json" || arg === "--no-color");
}
