/**
 * Fuzzed scenarios as text: a row for each case on each back-end, with PCT's promise beside what was measured, then the
 * findings with their tokens.
 */
import type { FuzzFinding, FuzzResult } from "../fuzz/fuzz.js";
import type { FuzzRace } from "../fuzz/race.js";
import type { Look } from "./paint.js";
import { count, plural, table, wrap } from "./text.js";

export function formatRaces(result: FuzzResult, races: readonly FuzzRace[], look: Look): string {
  const how = result.strategy === "pct" ? `pct, depth ${result.depth}` : result.strategy;
  const title = look.paint("title", `fuzz ${result.edition}: schedules drawn by ${how}, seed ${result.seed}`);
  const parts = [title, ratesTable(races, look), ...findingTexts(result.findings, look)];
  return `${[...parts, summary(result, races, look)].join("\n\n")}\n`;
}

const percent = (part: number): string => (part === 0 ? "0" : `${(100 * part).toPrecision(3)} %`);

function ratesTable(races: readonly FuzzRace[], look: Look): string {
  const withBound = races.some((race) => race.pctBound !== undefined);
  const columns = ["race", "edition", "back-end", "runs", "harm", "first", ...(withBound ? ["PCT's bound"] : [])];
  const rows = races.map((race) => [
    `${race.scenario}/${race.case}`,
    race.edition,
    race.backend,
    count(race.runs),
    percent(race.harmRuns / Math.max(1, race.runs)),
    race.firstHarm === undefined ? "" : count(race.firstHarm),
    ...(withBound ? [percent(race.pctBound ?? 0)] : []),
  ]);
  return table(
    columns.map((head, i) => ({ head, align: i > 2 ? "right" : "left" })),
    rows,
    look,
  );
}

/** What several back-ends show is told of the first of them. */
function findingTexts(findings: readonly FuzzFinding[], look: Look): string[] {
  const groups = new Map<string, FuzzFinding[]>();
  for (const finding of findings) {
    const { kind, born, where, race } = finding;
    const key = JSON.stringify([kind, born, where, race?.scenario, race?.case, race?.edition]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].map(([first, ...others]) => {
    const text = findingText(first as FuzzFinding, look);
    const also = others.flatMap(({ race }) => race?.backend ?? []);
    return also.length === 0 ? text : `${text}\n  also on ${also.join(", ")}`;
  });
}

function findingText({ kind, severity, runs, firstRun, born, where, race }: FuzzFinding, look: Look): string {
  const name = look.paint(severity === "harm" ? "harm" : "masked", kind);
  const lines = [
    `${name} (${severity}) in ${plural(runs, "run")}, first in run ${count(firstRun)}`,
    ...(born === "" ? [] : [`  taken away at  ${born}`]),
    `  broken at      ${where}`,
  ];
  if (race !== undefined) {
    const doubt = race.confirmed ? "confirmed by a witness or a fact of the run" : "UNCONFIRMED";
    lines.push(`  ${plural(race.steps, "step")} (${count(race.stepsDrawn)} as drawn), ${doubt}`);
    lines.push(`  shootdown replay ${race.schedule}`);
  }
  return lines.join("\n");
}

function summary(result: FuzzResult, races: readonly FuzzRace[], look: Look): string {
  const harmed = races.filter((race) => race.harmRuns > 0).length;
  const lines = [
    `${plural(result.runs, "run")} of ${plural(races.length, "race")}, ${plural(result.steps, "step")} in ` +
      `${result.seconds.toFixed(1)} s (${count(Math.round(result.runsPerSecond))} runs/s, shrinking included); ` +
      `harm in ${harmed} of the races.`,
    ...(result.bounded > 0 ? [`${plural(result.bounded, "run")} were cut at the bound on steps.`] : []),
    ...(races.some((race) => race.pctBound !== undefined)
      ? [
          "PCT's bound: 1 / (n * k^(d-1)) for n agents, k steps of the longest run and depth d. A run hits a bug of " +
            "that depth at least so often.",
        ]
      : []),
    ...(harmed < races.length ? ["No harm in a race is no proof: `shootdown check` tries every schedule."] : []),
  ];
  return lines.map((line) => wrap(line, look.width)).join("\n");
}
