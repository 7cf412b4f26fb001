/**
 * `shootdown fuzz`: random programs on random schedules, guided by coverage, until something breaks or time is up.
 */
import type { Command } from "commander";
import { type StrategyName, strategies } from "../../fuzz/arena.js";
import { type FuzzProgress, fuzz } from "../../fuzz/fuzz.js";
import { formatFuzz, fuzzLine } from "../../report/fuzz.js";
import { count } from "../../report/text.js";
import { CampaignFolder } from "../campaign-folder.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { oneOf, secondsNumber, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

const TIME_MOST = 1_000_000;
const RUNS_MOST = 1e15 - 1;
const SEED_MOST = 2 ** 31;
const DEPTH_MOST = 16;

interface FuzzFlags {
  readonly edition?: string;
  readonly backend?: string;
  readonly time?: number;
  readonly runs?: number;
  readonly seed: number;
  readonly strategy: StrategyName;
  readonly depth: number;
  readonly guided: boolean;
  readonly shrink: boolean;
  readonly corpus?: string;
  readonly minimize?: true;
}

export function addFuzz(program: Command, session: Session): void {
  program
    .command("fuzz")
    .summary("random programs on random schedules, guided by coverage")
    .description(
      "Draws programs (who maps, unmaps, moves, protects, truncates or migrates what, on which CPUs) and schedules, " +
        "runs them under the oracle, and keeps what shows something new. Ends with 1 when harm was found.",
    )
    .option("-e, --edition <name>", "edition (default: the newest release)")
    .option("-b, --backend <name>", "back-end (default: x86)")
    .option("--time <s>", "seconds to run (default: 60, without --runs)", secondsNumber("--time", TIME_MOST))
    .option("--runs <n>", "runs to make", wholeNumber("--runs", 1, RUNS_MOST))
    .option("--seed <n>", "seed of the campaign", wholeNumber("--seed", 0, SEED_MOST), 1)
    .option("--strategy <name>", `how schedules are drawn: ${strategies.join(", ")}`, oneOf("--strategy", strategies))
    .option("--depth <n>", "depth of PCT", wholeNumber("--depth", 1, DEPTH_MOST), 3)
    .option("--no-guided", "draw every program anew, whatever others have shown")
    .option("--no-shrink", "give findings as they were found")
    .option("--corpus <dir>", "folder for the campaign and its cases; one that is there goes on")
    .option("--minimize", "first take out of the corpus what shows nothing of its own")
    .addHelpText(
      "after",
      examples([
        ["shootdown fuzz --edition 5.15 --time 10", "what random programs find in a kernel without the seed's fix"],
        ["shootdown fuzz --runs 100000 --seed 7 --json", "a campaign that gives the same on every machine"],
        ["shootdown fuzz --corpus campaign --time 3600", "an hour that can be stopped and gone on with"],
      ]),
    )
    .action((flags: FuzzFlags) => runFuzz(flags, session));
}

async function runFuzz({ corpus, ...flags }: FuzzFlags, session: Session): Promise<void> {
  const folder = corpus === undefined ? undefined : new CampaignFolder(corpus);
  const state = folder?.read();
  if (state !== undefined) session.remark(`going on with the campaign in ${corpus}`);
  const result = await fuzz({
    ...flags,
    ...(state === undefined ? {} : { state }),
    ...(folder === undefined ? {} : { onState: (bytes: Uint8Array) => folder.write(bytes) }),
    signal: session.signal,
    onProgress: (p: FuzzProgress): void => session.progress.show(() => fuzzLine(p)),
  });
  const interrupted = session.signal.aborted;
  session.code = result.findings.some((finding) => finding.severity === "harm") ? Exit.HARM : Exit.OK;
  if (interrupted) session.code = Exit.INTERRUPTED;
  const cases = folder?.writeCases(result) ?? [];
  if (session.json) session.printJson(interrupted ? { ...result, interrupted } : result);
  else session.print(formatFuzz(result, session.look));
  if (cases.length > 0)
    session.remark(`${cases.length} cases in ${corpus}; tell one with: shootdown replay ${cases[0]}`);
  if (!interrupted) return;
  const how = corpus === undefined ? "starts again; with --corpus DIR it goes on" : "goes on";
  session.remark(`shootdown: interrupted after ${count(result.runs)} runs; the same command ${how}`);
}
