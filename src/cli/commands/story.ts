/**
 * `shootdown` without arguments: one race, from a real program's log to its history. Ends with 0: it is a story.
 */
import type { Command } from "commander";
import * as text from "../../report/story.js";
import { examples } from "../help.js";
import type { Session } from "../session.js";
import {
  counterexample,
  history,
  recordingFromHere,
  relativeRows,
  runRecording,
  type StoryOptions,
  whatIfRows,
} from "../story.js";

export function addStory(program: Command, session: Session): void {
  program
    .command("story", { hidden: true })
    .summary("the story of one race (also without any command)")
    .description("Tells the story of one race, CVE-2021-4002, with results that are computed on the spot.")
    .addHelpText(
      "after",
      examples([
        ["shootdown", "the story as text"],
        ["shootdown --json", "its results as JSON"],
      ]),
    )
    .action(() => tell(session));
}

async function tell(session: Session): Promise<void> {
  const options: StoryOptions = {
    signal: session.signal,
    onCheck: (what) => session.progress.show(() => `checking ${what}`),
  };
  const { look } = session;
  /** Each part is printed as soon as it is known. */
  const show = (format: () => string): void => {
    if (!session.json) session.print(`${format()}\n`);
  };
  show(() => text.opening(look));
  const log = await runRecording(options);
  show(() => text.runPart(log, look));
  const story = await counterexample(options);
  show(() => text.counterexamplePart(story, look));
  const seed = await history("seed", options);
  const previousGib = await history("previous-gib", options);
  show(() => text.historyPart(seed, previousGib, look));
  const whatIfs = await whatIfRows(options);
  show(() => text.whatIfPart(whatIfs, look));
  const relatives = await relativeRows(options);
  show(() => text.relativesPart(relatives, look));
  session.progress.clear();
  if (session.json) {
    const history = [...seed, ...previousGib];
    session.printJson({ schema: "shootdown/story@1", run: log, counterexample: story, history, whatIfs, relatives });
  } else session.print(text.nextCommands(story.token, recordingFromHere(), look));
}
