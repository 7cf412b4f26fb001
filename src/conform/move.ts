/**
 * movepages and migrate: pages that a process has moved to another node.
 */
import { moveAll, movePages } from "../sequential/migrate.js";
import { PAGE } from "../sequential/tables.js";
import type { Mm } from "../sequential/world.js";
import { type Line, Unsupported } from "./line.js";
import type { Answer } from "./operations.js";
import type { Script } from "./play.js";
import type { Process } from "./process.js";

const mmsOf = ({ processes }: Script): Mm[] => [...processes.values()].map(({ mm }) => mm).filter((mm) => mm.alive);

/** move_pages() of `n` pages, `step` apart. Which status each got is not in a form that a recording here shows. */
export function movePagesOf(script: Script, line: Line, process: Process): Answer {
  const { world } = script;
  const start = line.address(2);
  const step = line.number("step", PAGE);
  const addresses = Array.from({ length: line.number("n", 1) }, (_, i) => start + i * step);
  movePages(world, mmsOf(script), process.mm, addresses, line.number("node"), line.has("all"));
  return { process };
}

/**
 * migrate_pages() moves all that the process has: the pages of the script's mappings move here as well, so that what
 * follows is right, but what the call itself flushed cannot be told without the program's own pages.
 */
export function migrateAll(script: Script, line: Line, process: Process): Answer {
  moveAll(script.world, mmsOf(script), process.mm, line.number("to"));
  throw new Unsupported("migrate moves the recorded program's own pages too, which no script tells of");
}
