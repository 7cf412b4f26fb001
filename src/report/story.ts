/**
 * The story's parts as text: each a title, two or three sentences, and what was computed.
 */
import type { CheckResultRow } from "../explore/check.js";
import { findEdition } from "../kernel/editions.js";
import type { RunResult } from "../run/result.js";
import { findScenario } from "../scenarios/index.js";
import { violationsOf } from "./check.js";
import { Footnotes } from "./footnotes.js";
import { formatMatrix } from "./matrix.js";
import type { Look } from "./paint.js";
import { formatReason } from "./reason.js";
import { storyTable, type ToldStory } from "./replay.js";
import { promisesPart, readPart, runTable } from "./run.js";
import { count, listed, plural, table, wrap } from "./text.js";

const part = (title: string, look: Look, ...blocks: readonly string[]): string =>
  [look.paint("title", title), ...blocks]
    .filter((block) => block !== "")
    .join("\n\n")
    .concat("\n");

const says = (look: Look, ...sentences: readonly string[]): string => wrap(sentences.join(" "), look.width);

export function opening(look: Look): string {
  return part(
    "One race: CVE-2021-4002, a TLB flush that was missing for nine years",
    look,
    says(
      look,
      "Processes that map the same huge pages share page tables. From 3.6 to 5.15 Linux let go of such a table without",
      "telling the TLBs of the other CPUs. Everything below is computed now, on a simulated kernel and simulated TLBs.",
    ),
  );
}

export function runPart(result: RunResult, look: Look): string {
  return part(
    `1. A real program: ${result.log} in ${listed(result.editions.map(({ edition }) => edition))}`,
    look,
    says(
      look,
      "PostgreSQL 15 with huge_pages=on: pgbench -i, four clients, one parallel query, recorded with strace. Its",
      "processes share the page tables of 2.2 GiB of shared buffers.",
    ),
    readPart(result, look),
    runTable(result, look),
    promisesPart(result, look),
    says(look, ...whatItCosts(result)),
  );
}

/** The two editions in words, from what was counted. */
function whatItCosts({ editions }: RunResult): string[] {
  const [before, after] = editions;
  if (before === undefined || after === undefined) return [];
  const late = before.violations.find((violation) => violation.kind === "FLUSH_AFTER_UNLOCK")?.calls ?? 0;
  const harmless = before.violations.every((violation) => violation.severity !== "harm");
  return [
    `${plural(late, "time")} ${before.edition} let go of a shared table and dropped the lock with the flush to come.`,
    harmless ? "In the order of this log nobody was hurt. Part 2 shows an order in which somebody is." : "",
    `What the fix costs here: ${plural(after.flushes.asked - before.flushes.asked, "more flush", "more flushes")} and`,
    `${plural(after.ipis - before.ipis, "more interrupt")} in ${after.edition}.`,
  ].filter((sentence) => sentence !== "");
}

export function counterexamplePart(story: ToldStory, look: Look): string {
  const last = story.steps.findLast((step) => step.step !== undefined)?.step ?? 0;
  return part(
    `2. The smallest counterexample: ${last} steps in ${story.edition} on ${story.backend}; no schedule needs fewer`,
    look,
    says(look, findScenario(story.scenario)?.story ?? ""),
    storyTable(story, { ...look, folded: true }),
    says(
      look,
      "1G+2M is an address; T3 is a page table, h1 a huge page. Rows such as 8-10 fold steps that nobody else notices.",
      "* is the witness: the same steps ran on TLBs simulated entry by entry, with the machine's own invalidations,",
      "and the load really reached the page of its new owner.",
    ),
    formatReason(story.reason, story.repair, look),
    `Every step: ${look.paint("command", `shootdown replay ${story.token}`)}`,
  );
}

export function historyPart(
  seed: readonly CheckResultRow[],
  previousGib: readonly CheckResultRow[],
  look: Look,
): string {
  const notes = new Footnotes();
  const first = formatMatrix(seed, notes, true, look);
  const second = formatMatrix(previousGib, notes, false, look);
  return part(
    "3. The history of the race: every schedule, in six editions, on four machines",
    look,
    says(
      look,
      "Verdict and number of distinct states. holds: no promise is broken on any schedule. masked: a promise is",
      "broken, and this machine hides it on every schedule. violated: a schedule does harm, confirmed by a witness.",
    ),
    first,
    says(
      look,
      "The same for two whole GiBs (previous-gib): the fix of 5.16 records one GiB too low and misses the last one.",
    ),
    second,
    notes.format(look.width),
  );
}

export function whatIfPart(rows: readonly CheckResultRow[], look: Look): string {
  const body = rows.map((row) => [
    row.edition,
    row.edition === "5.16" ? "the seed's patch, whole" : (findEdition(row.edition)?.title ?? ""),
    `${look.paint(row.verdict, row.verdict)} ${count(row.states)}`,
    violationsOf(row.violations, { witness: true }, look.paint),
  ]);
  const columns = [
    { head: "edition" },
    { head: "what it is", flexible: true, least: 30 },
    { head: "x86" },
    { head: "found by (steps)", flexible: true, least: 40 },
  ];
  return part(
    "4. What each line of the fix is for: take one out, or move it, and see who notices",
    look,
    table(columns, body, look),
  );
}

export function relativesPart(rows: readonly CheckResultRow[], look: Look): string {
  const editions = [...new Set(rows.map((row) => row.edition))];
  const names = [...new Set(rows.map((row) => row.scenario))];
  const notes = new Footnotes();
  const cellOf = (scenario: string, edition: string): string => {
    const row = rows.find((other) => other.scenario === scenario && other.edition === edition);
    if (row === undefined) return "-";
    // A scenario all of whose calls the edition refuses ends at once.
    if (row.note !== undefined && row.states < 10) return look.paint("quiet", "refused");
    const marks = row.verdict === "masked" ? row.hiddenBy.map((text) => notes.mark(`hidden by this: ${text}`)) : [];
    return [look.paint(row.verdict, row.verdict), ...marks].join(" ");
  };
  const body = names.map((name) => [
    name,
    ...editions.map((edition) => cellOf(name, edition)),
    findScenario(name)?.title ?? "",
  ]);
  const columns = [
    { head: "on x86" },
    ...editions.map((head) => ({ head })),
    { head: "what happens", flexible: true, least: 24 },
  ];
  const said = "refused: this edition refuses the call for huge pages.";
  return part(
    "   Its relatives: the same promise, broken elsewhere",
    look,
    table(columns, body, look),
    [notes.format(look.width), look.paint("quiet", `  ${said}`)].filter((line) => line !== "").join("\n"),
  );
}

export function nextCommands(token: string, recording: string, look: Look): string {
  const commands: readonly (readonly [string, string])[] = [
    [`shootdown replay ${token}`, "the counterexample, every step"],
    ["shootdown check seed --edition 5.15,5.16 --backend x86", "before and after the fix, each violation"],
    ["shootdown check previous-gib --backend arm64-range", "where the fix itself does harm"],
    [`shootdown run ${recording} --touch all`, "the log again, every page touched"],
    ["shootdown list scenarios", "what else there is"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = commands.map(([command, why]) => `  ${look.paint("command", command.padEnd(width))}  ${why}`);
  return part("Next", look, lines.join("\n"));
}
