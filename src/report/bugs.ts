/**
 * The catalogue as text: a page for each number, with the shortest counterexample of each scenario.
 */
import { type Bug, bugs, onlyBefore, type Survey, survey } from "../explore/catalogue.js";
import type { CheckResultRow, FoundViolation } from "../explore/check.js";
import { replay } from "../explore/replay.js";
import { repair } from "../mutate/repair.js";
import type { Scenario, TaskSpec } from "../scenarios/scenario.js";
import { plain } from "./paint.js";
import { formatReason } from "./reason.js";
import { storyTable, type ToldStory } from "./replay.js";
import { listed, plural, wrap } from "./text.js";
import { shortestOfEach } from "./words.js";

const WIDTH = 118;
const look = { paint: plain, width: WIDTH, folded: true };

/** A pair that was checked, and the story of its shortest harm with what repairs it. */
export type ToldSurvey = Survey & { readonly told?: { readonly best: FoundViolation; readonly story: ToldStory } };

/** What the page generator reads: the survey of each scenario, by name. */
export type Surveys = ReadonlyMap<string, ToldSurvey>;

/** Checks every pair of the catalogue, and looks for repairs. */
export async function surveyAll(all: readonly Bug[] = bugs()): Promise<Surveys> {
  const found = new Map<string, ToldSurvey>();
  for (const scenario of all.flatMap((bug) => bug.scenarios)) {
    const one = await survey(scenario);
    if (one === undefined) continue;
    const told = await tellShortest(one);
    found.set(scenario.name, told === undefined ? one : { ...one, told });
  }
  return found;
}

/** The shortest schedule to harm that the fix takes away, on the first machine that shows it. */
async function tellShortest(found: Survey): Promise<ToldSurvey["told"]> {
  const harms = found.vulnerable.flatMap((row) =>
    onlyBefore(
      row,
      found.fixed.find((other) => other.backend === row.backend),
    ),
  );
  const best = harms.reduce<FoundViolation | undefined>(
    (least, v) => (least === undefined || v.steps < least.steps ? v : least),
    undefined,
  );
  if (best === undefined) return undefined;
  const story = replay(best.schedule);
  // Never cut short by time: the page is the same on every computer.
  const repairs = await repair(story, { time: Number.POSITIVE_INFINITY });
  return { best, story: { ...story, repair: repairs } };
}

const numberOf = (id: string): string => id.replace(/\(.*/, "");

/** File name and text of each page, the index first. */
export function bugPages(surveys: Surveys, all: readonly Bug[] = bugs()): ReadonlyMap<string, string> {
  const pages = new Map<string, string>([["README.md", indexPage(all, surveys)]]);
  for (const number of new Set(all.map((bug) => numberOf(bug.id)))) {
    const parts = all.filter((bug) => numberOf(bug.id) === number).map((bug) => bugText(bug, surveys));
    pages.set(`${number}.md`, `# ${number}\n\n${GENERATED}\n\n${parts.join("\n\n")}\n`);
  }
  return pages;
}

const GENERATED = "<!-- Written by `npm run docs` from src/scenarios; edits here are lost. -->";

function indexPage(all: readonly Bug[], surveys: Surveys): string {
  const lines = all.map((bug) => {
    const found = bug.scenarios.flatMap((s) => surveys.get(s.name) ?? []);
    const shows = machinesOf(
      found.flatMap((one) => one.shows),
      found.flatMap((one) => one.vulnerable.map((row) => row.backend)),
    );
    const state = bug.missing === undefined ? bug.scenarios.map((s) => `\`${s.name}\``).join(", ") : "not modelled";
    const where = bug.missing ?? shows;
    return `| [${bug.id}](${numberOf(bug.id)}.md) | ${bug.cve.join(", ")} | ${state} | ${where} |`;
  });
  const left = all.filter((bug) => bug.missing !== undefined).length;
  const head = wrap(
    `${plural(all.length, "numbered bug")}, ${all.length - left} of them with a scenario. Each scenario is checked ` +
      "in a pair of editions that differ by the published fix and nothing else. The last column names machines on " +
      "which harm is reachable without the fix, or what is missing to model the bug.",
    WIDTH,
  );
  const table = ["| bug | CVE | scenarios | shows on, or what is missing |", "|---|---|---|---|", ...lines].join("\n");
  return `# The catalogue\n\n${GENERATED}\n\n${head}\n\n${table}\n`;
}

/** "every machine", "all but arm64" or a list. */
function machinesOf(some: readonly string[], checked: readonly string[]): string {
  const [shown, all] = [[...new Set(some)], [...new Set(checked)]];
  const rest = all.filter((name) => !shown.includes(name));
  if (rest.length === 0) return shown.length === 0 ? "" : "every machine";
  return rest.length < shown.length ? `all but ${rest.join(", ")}` : shown.join(", ");
}

function bugText(bug: Bug, surveys: Surveys): string {
  const head = `## ${bug.id}: ${bug.title}`;
  const facts = [
    ...(bug.cve.length > 0 ? [`- CVE: ${bug.cve.join(", ")}`] : []),
    `- commits: ${bug.commits.join(", ")}`,
    `- kernels: ${bug.kernels}`,
    ...(bug.missing === undefined ? [] : [`- not modelled: ${bug.missing}`]),
  ].map((line) => wrapItem(line));
  const parts = bug.scenarios.map((scenario) => scenarioText(scenario, surveys.get(scenario.name)));
  return [head, facts.join("\n"), ...parts].join("\n\n");
}

const wrapItem = (line: string): string => wrap(line, WIDTH).replaceAll("\n", "\n  ");

function scenarioText(scenario: Scenario, found: ToldSurvey | undefined): string {
  const parts = [
    `### Scenario \`${scenario.name}\``,
    wrap(scenario.story, WIDTH),
    scenario.cases.map((which) => wrapItem(`- \`${which.name}\`: ${agents(scenario, which.tasks)}`)).join("\n"),
    ...(scenario.known === undefined ? [] : [wrap(`How it is known: ${scenario.known}`, WIDTH)]),
    ...(found === undefined ? ["No single published fix sets it apart."] : [pairText(found), counterexample(found)]),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** "A1 (CPU0, A) munmap; B1 (CPU2, B) exit; CPU1 runs A". */
function agents(scenario: Scenario, tasks: readonly TaskSpec[]): string {
  const busy = new Set(tasks.map((task) => task.cpu));
  const callName = (call: TaskSpec["calls"][number]["call"]): string => (typeof call === "string" ? call : call.name);
  const doing = tasks.map(
    (t) => `${t.name} (CPU${t.cpu}, ${t.mm}): ${t.calls.map((c) => callName(c.call)).join(", ")}`,
  );
  const users = scenario.cpus.flatMap((mm, cpu) => (mm === null || busy.has(cpu) ? [] : [`CPU${cpu} runs ${mm}`]));
  return [...doing, ...users].join("; ");
}

function pairText(found: Survey): string {
  const { scenario } = found;
  const where = [
    found.shows.length > 0 ? `Shows on ${listed(found.shows)}.` : "Shows on no machine.",
    ...(found.hides.length > 0 ? [`Hides on ${listed(found.hides)}.`] : []),
  ].join(" ");
  const also = (scenario.alsoFinds ?? []).map(
    (a) =>
      `Left with the fix: ${a.kinds.join(", ")} (${a.bug}${a.goneIn === undefined ? "" : `, gone in ${a.goneIn}`}).`,
  );
  const rows = found.vulnerable.map((before) => {
    const after = found.fixed.find((row) => row.backend === before.backend);
    const fixed = after === undefined ? "" : `; with the fix ${outcome(after)}`;
    return wrapItem(`- ${before.backend}: without the fix ${outcome(before)}${fixed}`);
  });
  const pair = wrap(`\`${scenario.vulnerable}\` lacks the published fix, \`${scenario.fixed}\` has it.`, WIDTH);
  return [pair, wrap([where, ...also].join(" "), WIDTH), rows.join("\n")].join("\n\n");
}

/** "violated (stale walk), 674 states". */
function outcome(row: CheckResultRow): string {
  const kinds = shortestOfEach(row.violations).map((v) => v.kind.toLowerCase().replaceAll("_", " "));
  return `${row.verdict}${kinds.length > 0 ? ` (${kinds.join(", ")})` : ""}, ${row.states} states`;
}

function counterexample({ told }: ToldSurvey): string {
  if (told === undefined) return "";
  const { best, story } = told;
  const head = `${best.kind} in ${story.edition} on ${story.backend}, in the fewest steps of any schedule:`;
  const text = [storyTable(story, look), formatReason(story.reason, story.repair, look)].join("\n\n");
  return `${wrap(head, WIDTH)}\n\n\`\`\`text\n${text}\n\`\`\``;
}
