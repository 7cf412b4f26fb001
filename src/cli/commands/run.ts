/**
 * `shootdown run`: a recorded log of a real program through the simulated kernel.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { chooseEditions } from "../../explore/choose.js";
import { formOf, runFaultLog } from "../../oplog/log.js";
import { formatFaultLog } from "../../report/fault-log.js";
import { formatRun } from "../../report/run.js";
import { count } from "../../report/text.js";
import { type RunProgress, run, type TouchPolicy, touchPolicies } from "../../run/run.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { names, namesOrAll, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

const CPUS_MOST = 31;

interface RunFlags {
  readonly edition?: readonly string[];
  readonly backend: string;
  readonly touch: string;
  readonly cpus: number;
}

export function addRun(program: Command, session: Session): void {
  program
    .command("run")
    .summary("a log of a real program through the simulated kernel")
    .description(
      "Runs a log of `strace -f -ttt -e trace=%memory,%process,%ipc,ftruncate,fallocate,openat,memfd_create` through " +
        "the simulated kernel, in several editions side by side. Ends with 1 when harm is done in the log's order. " +
        "A log with page faults and flushes (perf script text, .ops; docs/run.md) is compared flush by flush instead.",
    )
    .argument("<log>", "the log, plain, .gz or .xz")
    .option("-e, --edition <list>", "editions, separated by commas, or all (default: 5.15,5.16)", names("--edition"))
    .option("-b, --backend <name>", "back-end", "x86")
    .option("--touch <policy>", `which pages are touched: ${touchPolicies.join(", ")}`, "first")
    .option("--cpus <n>", "CPUs over which the tasks are spread", wholeNumber("--cpus", 1, CPUS_MOST), 4)
    .addHelpText(
      "after",
      examples([
        ["shootdown run app.strace", "in 5.15 and 5.16 on x86"],
        ["shootdown run app.perf.txt --edition 6.18", "perf script text: which flushes are predicted"],
        ["shootdown run app.strace.xz -e all -b arm64-range --touch all", "six editions, every page touched"],
      ]),
    )
    .action((log: string, flags: RunFlags) => runLog(log, flags, session));
}

async function runLog(log: string, flags: RunFlags, session: Session): Promise<void> {
  const form = await formOf(log, session.signal);
  if (form !== undefined) {
    const result = await runFaultLog(log, form, kernelOf(flags), session.signal);
    if (session.json) session.printJson(result);
    else session.print(formatFaultLog(result, session.look));
    return;
  }
  const chosen = flags.edition === undefined ? ["5.15", "5.16"] : namesOrAll(flags.edition);
  const result = await run({
    log,
    editions: chooseEditions(chosen).map((edition) => edition.name),
    backend: flags.backend,
    // `run` itself refuses what is no policy.
    touch: flags.touch as TouchPolicy,
    cpus: flags.cpus,
    signal: session.signal,
    onProgress: (progress) => session.progress.show(() => progressLine(log, progress)),
  });
  const harms = result.editions.flatMap((edition) => edition.violations.filter((v) => v.severity === "harm"));
  session.code = harms.length > 0 ? Exit.HARM : Exit.OK;
  if (session.json) session.printJson(result);
  else session.print(formatRun(result, session.look));
}

/** The one kernel that made a log with faults. */
function kernelOf({ edition }: RunFlags): string | undefined {
  if (edition === undefined || edition.length === 1) return edition?.[0];
  throw new InputError("a log with faults is of one kernel", {
    source: "--edition",
    remedy: "give the one that made it, such as --edition 6.18",
  });
}

function progressLine(log: string, { phase, lines, linesTotal, steps, seconds }: RunProgress): string {
  const of = linesTotal === undefined ? "" : ` of ${count(linesTotal)}`;
  const rate = seconds > 0 ? `, ${count(Math.round(lines / seconds))} lines/s` : "";
  return `${log}: ${phase}, line ${count(lines)}${of}, ${count(steps)} steps${rate}`;
}
