/**
 * `shootdown check`: every schedule of the chosen scenarios, editions and back-ends, with a verdict for each.
 */
import type { Command } from "commander";
import { type CheckProgress, type CheckResult, type CheckResultRow, check } from "../../explore/check.js";
import { checksOf, chooseScenarios } from "../../explore/choose.js";
import { type CheckAsked, formatCheck } from "../../report/check.js";
import { count } from "../../report/text.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { names, namesOrAll, secondsNumber, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

const BOUND_DEFAULT = 1 << 20;
/** The visited set of more does not fit into 4 GiB. */
const BOUND_MOST = 100_000_000;
const TIME_MOST = 1_000_000;

interface CheckFlags {
  readonly edition?: readonly string[];
  readonly backend?: readonly string[];
  readonly bound: number;
  readonly time?: number;
  readonly witness: boolean;
}

export function addCheck(program: Command, session: Session): void {
  program
    .command("check")
    .summary("try every schedule of a scenario, in each edition on each back-end")
    .description(
      "Tries every schedule of each scenario, in each edition on each back-end, and gives a verdict: holds, masked, " +
        "violated or bounded. Ends with 1 when harm was found.",
    )
    .argument("[scenario...]", "names from `shootdown list scenarios`, CVEs, commits, bugs such as B12 (default: all)")
    .option(
      "-e, --edition <list>",
      "editions, separated by commas, or all: the releases (default: each bug's own pair)",
      names("--edition"),
    )
    .option("-b, --backend <list>", "back-ends, separated by commas, or all (default: all)", names("--backend"))
    .option("--bound <n>", "most states of one search", wholeNumber("--bound", 1, BOUND_MOST), BOUND_DEFAULT)
    .option("--time <s>", "most seconds of one search", secondsNumber("--time", TIME_MOST))
    .option("--no-witness", "do not look for witnesses")
    .addHelpText(
      "after",
      examples([
        ["shootdown check seed --edition 5.15,5.16 --backend x86", "CVE-2021-4002 before and after its fix"],
        ["shootdown check CVE-2021-4002", "the same by its number: its own pair of editions, every machine"],
        ["shootdown check previous-gib --json", "what that fix missed, on every machine, as JSON"],
      ]),
    )
    .action((scenarios: readonly string[], flags: CheckFlags) => runCheck(scenarios, flags, session));
}

async function runCheck(scenarios: readonly string[], flags: CheckFlags, session: Session): Promise<void> {
  const asked: CheckAsked = { bound: flags.bound, time: flags.time, witness: flags.witness };
  const rows: CheckResultRow[] = [];
  const { interrupted, total } = await checkEach(scenarios, flags, session, rows);
  const result: CheckResult = { schema: "shootdown/check@1", results: rows };
  session.code = rows.some((row) => row.verdict === "violated") ? Exit.HARM : Exit.OK;
  if (interrupted) session.code = Exit.INTERRUPTED;
  if (session.json) session.printJson(interrupted ? { ...result, interrupted } : result);
  else session.print(formatCheck(result, asked, session.look));
  if (interrupted) {
    session.remark(
      `shootdown: interrupted after ${count(rows.length)} of ${count(total)} checks; the same command starts again, ` +
        "and --edition and --backend narrow it",
    );
  }
}

/** One library call for each row, so that an interrupted check can print the rows that it has. */
async function checkEach(
  scenarios: readonly string[],
  flags: CheckFlags,
  session: Session,
  rows: CheckResultRow[],
): Promise<{ interrupted: boolean; total: number }> {
  // All names are looked up before the first search: a typing mistake must not cost minutes.
  const chosen = [...new Set(chooseScenarios(scenarios))];
  const editions = flags.edition === undefined ? undefined : namesOrAll(flags.edition);
  const jobs = checksOf(chosen, editions, namesOrAll(flags.backend));
  const total = jobs.length;
  const onProgress = (p: CheckProgress): void => session.progress.show(() => progressLine(p, rows.length, total));
  try {
    for (const { scenario, edition, backend } of jobs) {
      session.signal.throwIfAborted();
      const { results } = await check({
        scenarios: [scenario],
        editions: [edition.name],
        backends: [backend.name],
        bound: flags.bound,
        ...(flags.time === undefined ? {} : { time: flags.time }),
        witness: flags.witness,
        signal: session.signal,
        onProgress,
      });
      rows.push(...results);
    }
  } catch (error) {
    if (!session.signal.aborted) throw error;
    return { interrupted: true, total };
  }
  return { interrupted: false, total };
}

function progressLine(p: CheckProgress, done: number, total: number): string {
  const what = `${p.scenario} in ${p.edition} on ${p.backend}`;
  return `check ${done + 1} of ${total}: ${what}, ${count(p.states)} states, depth ${p.depth}`;
}
