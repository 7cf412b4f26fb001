/**
 * `shootdown replay`: one schedule, step by step, in plain words.
 */
import type { Command } from "commander";
import { replay } from "../../explore/replay.js";
import { replayCase } from "../../fuzz/case.js";
import { formatStory } from "../../report/replay.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { tokenOf } from "../schedule-file.js";
import type { Session } from "../session.js";

export function addReplay(program: Command, session: Session): void {
  program
    .command("replay")
    .summary("one schedule, step by step, in plain words")
    .description(
      "Runs one schedule and tells every step: CPU, task, kernel line, effect, and the witness of what goes wrong. " +
        "Ends with 1 when the schedule does harm.",
    )
    .argument("<token|file>", "a replay token, or a JSON file with one (docs/json.md)")
    .option("--fold", "one row for several steps that no other CPU can notice")
    .addHelpText(
      "after",
      examples([
        ["shootdown replay seed/truncate@5.15/x86:000000011111111111111111111111.37", "a page freed too early"],
        ["shootdown check seed --json > found.json; shootdown replay found.json --fold", "the shortest harm"],
      ]),
    )
    .action(async (what: string, flags: { fold?: boolean }) => {
      const { token, remark, case: found } = await tokenOf(what);
      const story = found === undefined ? replay(token) : replayCase(found, what);
      session.code = story.violations.some((violation) => violation.severity === "harm") ? Exit.HARM : Exit.OK;
      if (remark !== undefined) session.remark(remark);
      if (session.json) session.printJson(story);
      else session.print(formatStory(story, { ...session.look, folded: flags.fold ?? false }));
    });
}
