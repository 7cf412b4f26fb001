/**
 * `shootdown run`: a recorded log of a real program through the simulated kernel.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { examples } from "../help.js";
import { names, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

export function addRun(program: Command, session: Session): void {
  program
    .command("run")
    .summary("a strace log of a real program through the simulated kernel")
    .argument("<log>", "a log of `strace -f`, plain, .gz or .xz")
    .option("-e, --edition <list>", "editions, separated by commas", names("--edition"))
    .option("-b, --backend <name>", "back-end", "x86")
    .option("--cpus <n>", "CPUs of the machine", wholeNumber("--cpus", 1, 31))
    .addHelpText("after", examples([["shootdown run app.strace.xz", "a"]]))
    .action((log: string) => {
      throw new InputError("run is not there yet", { source: `${log}${session.json ? "" : ""}`, remedy: "wait" });
    });
}
