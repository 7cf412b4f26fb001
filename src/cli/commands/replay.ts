/**
 * `shootdown replay`: one schedule, step by step, in plain words.
 */
import type { Command } from "commander";
import { loadScenarios } from "../../author/load.js";
import { InputError } from "../../error.js";
import { placeOf, replay, type Story } from "../../explore/replay.js";
import { compareSaved, misfitOf, type SavedComparison, saveSchedule } from "../../explore/saved.js";
import { replayCase } from "../../fuzz/case.js";
import { isProgramToken, replayProgram } from "../../fuzz/token.js";
import { repair } from "../../mutate/repair.js";
import { formatStory } from "../../report/replay.js";
import type { Scenario } from "../../scenarios/scenario.js";
import { Exit } from "../exit.js";
import { saveAs, versionOf } from "../files.js";
import { examples } from "../help.js";
import { type Found, tokenOf } from "../schedule-file.js";
import type { Session } from "../session.js";

interface ReplayFlags {
  readonly fold?: boolean;
  readonly file?: string;
  readonly save?: string;
  readonly repair: boolean;
}

export function addReplay(program: Command, session: Session): void {
  program
    .command("replay")
    .summary("one schedule, step by step, in plain words")
    .description(
      "Runs one schedule and tells every step: CPU, task, kernel line, effect, and the witness of what goes wrong; " +
        "then why it could happen, and the smallest change that repairs it. Ends with 1 when the schedule does harm.",
    )
    .argument("<token|file>", "a replay token, or a JSON file with one (docs/json.md)")
    .option("--file <path>", "where the scenario of the token stands, when it is your own (docs/authoring.md)")
    .option("--fold", "one row for several steps that no other CPU can notice")
    .option("--save <path>", "write the schedule with all that another version needs to check it")
    .option("--no-repair", "do not look for a repair")
    .addHelpText(
      "after",
      examples([
        ["shootdown replay seed/truncate@5.15/x86:000000011111111111111111111111.37", "a page freed too early"],
        ["shootdown check seed --json > found.json; shootdown replay found.json --fold", "the shortest harm"],
      ]),
    )
    .action(async (what: string, flags: ReplayFlags) => {
      const found = await tokenOf(what);
      if (found.remark !== undefined) session.remark(found.remark);
      const own = flags.file === undefined ? [] : await loadScenarios(flags.file);
      const isProgram = found.case !== undefined || isProgramToken(found.token);
      if (isProgram && flags.save !== undefined)
        throw new InputError("a program is saved by `fuzz --corpus`", { source: what, remedy: "leave --save out" });
      if (found.case !== undefined) tellCase(replayCase(found.case, what), flags, session);
      else if (isProgram) tellCase(replayProgram(found.token), flags, session);
      else await tellToken(found, own, flags, session);
    });
}

async function tellToken(found: Found, own: readonly Scenario[], flags: ReplayFlags, session: Session): Promise<void> {
  const { token, saved } = found;
  const what = placeOf(token, own);
  const story = replayed(found, own);
  const comparison = saved === undefined ? undefined : compareSaved(saved, story, what);
  if (comparison !== undefined) session.remark(remarkOf(comparison));
  if (flags.save !== undefined) {
    saveAs(flags.save, `${JSON.stringify(saveSchedule(story, what, versionOf()), null, 2)}\n`);
    session.remark(`saved as ${flags.save}`);
  }
  const wanted = flags.repair && story.violations.length > 0;
  const onProgress = ({ text }: { text: string }): void => session.progress.show(() => `trying: ${text}`);
  const repairs = wanted ? await repair(story, { own, signal: session.signal, onProgress }) : undefined;
  const more = {
    ...(repairs === undefined ? {} : { repair: repairs }),
    ...(comparison === undefined ? {} : { saved: comparison }),
  };
  show({ ...story, ...more }, flags, session);
}

function tellCase(story: ReturnType<typeof replayCase>, flags: ReplayFlags, session: Session): void {
  if (story.saved !== undefined) session.remark(remarkOf(story.saved));
  show(story, flags, session);
}

function replayed({ token, saved }: Found, own: readonly Scenario[]): Story {
  try {
    return replay(token, own);
  } catch (error) {
    if (saved === undefined || !(error instanceof InputError)) throw error;
    throw misfitOf(error, saved, placeOf(token, own));
  }
}

function remarkOf({ version, same, changed }: SavedComparison): string {
  const by = version === undefined ? "another build" : `version ${version}`;
  if (same) return `every step is told as when ${by} saved it`;
  const what = changed.length === 0 ? "no listing has: the machine has" : changed.join(", ");
  return `told otherwise than when ${by} saved it; what has changed: ${what}`;
}

function show(story: Parameters<typeof formatStory>[0], flags: ReplayFlags, session: Session): void {
  session.code = story.violations.some((violation) => violation.severity === "harm") ? Exit.HARM : Exit.OK;
  if (session.json) session.printJson(story);
  else session.print(formatStory(story, { ...session.look, folded: flags.fold ?? false }));
}
