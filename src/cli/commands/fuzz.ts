/**
 * `shootdown fuzz`: random programs on random schedules, guided by coverage, until something breaks or time is up.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { type StrategyName, strategies } from "../../fuzz/arena.js";
import { type FuzzProgress, type FuzzResult, fuzz } from "../../fuzz/fuzz.js";
import { JOBS_MAX } from "../../fuzz/jobs.js";
import { fuzzScenarios } from "../../fuzz/race.js";
import { formatFuzz, fuzzLine } from "../../report/fuzz.js";
import { count } from "../../report/text.js";
import { CampaignFolder } from "../campaign-folder.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { oneOf, secondsNumber, wholeNumber } from "../options.js";
import type { Session } from "../session.js";
import { runInput } from "./fuzz-input.js";

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
  readonly jobs: number;
  readonly strategy: StrategyName;
  readonly depth: number;
  readonly guided: boolean;
  readonly shrink: boolean;
  readonly untilHarm?: true;
  readonly corpus?: string;
  readonly minimize?: true;
  readonly input?: string;
}

export function addFuzz(program: Command, session: Session): void {
  program
    .command("fuzz")
    .summary("random programs on random schedules, guided by coverage")
    .argument("[scenario...]", "draw only schedules, of these scenarios' own tasks (names as for check)")
    .description(
      "Draws programs (who maps, unmaps, moves, protects, truncates or migrates what, on which CPUs) and schedules, " +
        "runs them under the oracle, and keeps what shows something new. With scenarios only schedules are drawn, " +
        "in the edition without the fix and on every back-end unless named. Ends with 1 when harm was found.",
    )
    .option("-e, --edition <name>", "edition (default: the newest release; of a scenario: without its fix)")
    .option("-b, --backend <name>", "back-end (default: x86; of a scenario: each)")
    .option(
      "--time <s>",
      "seconds to run (default: 60, without --runs or scenarios)",
      secondsNumber("--time", TIME_MOST),
    )
    .option(
      "--runs <n>",
      "runs to make (default: 20,000 of each race of a scenario)",
      wholeNumber("--runs", 1, RUNS_MOST),
    )
    .option("--seed <n>", "seed of the campaign", wholeNumber("--seed", 0, SEED_MOST), 1)
    .option(
      "-j, --jobs <n>",
      "workers, each with a campaign and a seed of its own",
      wholeNumber("--jobs", 1, JOBS_MAX),
      1,
    )
    .option("--strategy <name>", `how schedules are drawn: ${strategies.join(", ")}`, oneOf("--strategy", strategies))
    .option("--depth <n>", "depth of PCT", wholeNumber("--depth", 1, DEPTH_MOST), 3)
    .option("--no-guided", "draw every program anew, whatever others have shown")
    .option("--no-shrink", "give findings as they were found")
    .option("--until-harm", "with scenarios: end each race once it did harm")
    .option("--corpus <dir>", "folder for the campaign and its cases; one that is there goes on")
    .option("--minimize", "first take out of the corpus what shows nothing of its own")
    .option("--input <file>", "run the bytes of this file (-: standard input) once, as another fuzzer's target")
    .addHelpText(
      "after",
      examples([
        ["shootdown fuzz --edition 5.15 --time 10", "what random programs find in a kernel without the seed's fix"],
        ["shootdown fuzz --runs 100000 --seed 7 --json", "a campaign that gives the same on every machine"],
        ["shootdown fuzz B12 --strategy pct --depth 3", "how often random schedules meet a bug of the catalogue"],
        ["shootdown fuzz --input - < bytes", "one byte string: what it means, what it breaks (docs/fuzzing.md)"],
        ["shootdown fuzz --corpus campaign --time 3600", "an hour that can be stopped and gone on with"],
      ]),
    )
    .action((scenarios: readonly string[], flags: FuzzFlags) => run(scenarios, flags, session));
}

async function run(scenarios: readonly string[], flags: FuzzFlags, session: Session): Promise<void> {
  if (flags.input === undefined) {
    await (scenarios.length > 0 ? runScenarios(scenarios, flags, session) : runFuzz(flags, session));
    return;
  }
  if (scenarios.length > 0 || flags.corpus !== undefined || flags.runs !== undefined || flags.time !== undefined) {
    throw new InputError("an input is run once, by itself", {
      source: "fuzz",
      remedy: "leave out the scenarios, --corpus, --runs and --time, or --input",
    });
  }
  runInput(flags.input, flags, session);
}

async function runScenarios(scenarios: readonly string[], flags: FuzzFlags, session: Session): Promise<void> {
  if (flags.corpus !== undefined || flags.minimize === true || flags.jobs > 1) {
    throw new InputError("a scenario has no corpus and one worker: only its schedules are drawn", {
      source: "fuzz",
      remedy: "leave out --corpus, --minimize and --jobs, or the scenarios",
    });
  }
  const onProgress = (p: FuzzProgress): void => session.progress.show(() => fuzzLine(p));
  const result = await fuzzScenarios({ ...flags, scenarios, signal: session.signal, onProgress });
  finish(result, session);
  if (session.signal.aborted) session.remark(`shootdown: interrupted after ${count(result.runs)} runs`);
}

/** Sets the exit code and prints. */
function finish(result: FuzzResult, session: Session): void {
  const interrupted = session.signal.aborted;
  session.code = result.findings.some((finding) => finding.severity === "harm") ? Exit.HARM : Exit.OK;
  if (interrupted) session.code = Exit.INTERRUPTED;
  if (session.json) session.printJson(interrupted ? { ...result, interrupted } : result);
  else session.print(formatFuzz(result, session.look));
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
  const cases = folder?.writeCases(result) ?? [];
  finish(result, session);
  if (cases.length > 0)
    session.remark(`${cases.length} cases in ${corpus}; tell one with: shootdown replay ${cases[0]}`);
  if (!session.signal.aborted) return;
  const how = corpus === undefined ? "starts again; with --corpus DIR it goes on" : "goes on";
  session.remark(`shootdown: interrupted after ${count(result.runs)} runs; the same command ${how}`);
}
