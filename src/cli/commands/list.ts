/**
 * `shootdown list`: what there is, by name.
 */
import type { Command } from "commander";
import { InputError } from "../../error.js";
import { formatList, isListable, list, listables } from "../../report/list.js";
import { examples } from "../help.js";
import type { Session } from "../session.js";

export function addList(program: Command, session: Session): void {
  program
    .command("list")
    .summary(`what there is: ${listables.join(", ")}`)
    .description("Prints what there is, by name.")
    .argument("<what>", listables.join(", "))
    .addHelpText(
      "after",
      examples([
        ["shootdown list scenarios", "the races that check knows"],
        ["shootdown list editions --json", "kernel releases and what-ifs, as JSON"],
      ]),
    )
    .action((what: string) => {
      if (!isListable(what)) {
        throw new InputError(`there is no list "${what}"`, {
          source: "list",
          remedy: `choose one of: ${listables.join(", ")}`,
        });
      }
      if (session.json) session.printJson(list(what));
      else session.print(formatList(what, session.look));
    });
}
