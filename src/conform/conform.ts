/**
 * Agreement with real kernels: every recorded scenario played, every deterministic operation compared in every field.
 */
import { InputError } from "../error.js";
import { type Edition, findEdition, releases } from "../kernel/editions.js";
import { type Difference, differ, type Field, type Scope, scopeOf } from "./compare.js";
import { Line } from "./line.js";
import { type Calibration, type Played, Script, UNCALIBRATED } from "./play.js";
import type { RecordedScenario, Recording } from "./recording.js";

export interface NamedRecording {
  /** What a report calls it: kernel and file. */
  readonly file: string;
  readonly kernel: string;
  readonly recording: Recording;
}

export interface ConformRow {
  readonly kernel: string;
  readonly file: string;
  readonly edition: string;
  /** How the edition was chosen, when no edition has the kernel's name. */
  readonly note?: string;
  readonly scenarios: number;
  /** All operations: compared ones, those that differed between repeats, and those without a rule. */
  readonly operations: number;
  readonly compared: number;
  readonly agreed: number;
  readonly unrepeatable: number;
  readonly unsupported: number;
}

export interface Disagreement extends Difference {
  readonly kernel: string;
  readonly file: string;
  readonly scenario: string;
  /** Index of the operation in its scenario, and its line. */
  readonly op: number;
  readonly line: string;
  readonly explanation: string;
}

export interface ConformResult {
  readonly operations: number;
  readonly compared: number;
  readonly agreed: number;
  readonly unrepeatable: number;
  readonly unsupported: number;
  readonly rows: readonly ConformRow[];
  readonly disagreements: readonly Disagreement[];
  /** Operations for which there is no rule, with the reason. */
  readonly skipped: readonly {
    readonly file: string;
    readonly scenario: string;
    readonly line: string;
    readonly why: string;
  }[];
}

/** Compares recordings, kernel by kernel. */
export function conform(recordings: readonly NamedRecording[]): ConformResult {
  const rows: ConformRow[] = [];
  const disagreements: Disagreement[] = [];
  const skipped: ConformResult["skipped"][number][] = [];
  for (const kernel of new Set(recordings.map((recording) => recording.kernel))) {
    const own = recordings.filter((recording) => recording.kernel === kernel);
    const { edition, note } = editionOf(kernel, own[0]?.file ?? kernel);
    const calibration = calibrate(own, edition);
    for (const named of own) {
      const tally = { scenarios: 0, operations: 0, compared: 0, agreed: 0, unrepeatable: 0, unsupported: 0 };
      for (const scenario of named.recording.scenarios) {
        tally.scenarios++;
        compareScenario(named, scenario, edition, calibration, tally, disagreements, skipped);
      }
      rows.push({ kernel, file: named.file, edition: edition.name, ...(note === undefined ? {} : { note }), ...tally });
    }
  }
  const sum = (field: "operations" | "compared" | "agreed" | "unrepeatable" | "unsupported"): number =>
    rows.reduce((total, row) => total + row[field], 0);
  return {
    operations: sum("operations"),
    compared: sum("compared"),
    agreed: sum("agreed"),
    unrepeatable: sum("unrepeatable"),
    unsupported: sum("unsupported"),
    rows,
    disagreements,
    skipped,
  };
}

/** The edition of a kernel's name: "6.1.192" is one, and so is any release; anything else has to be told. */
export function editionOf(kernel: string, source: string): { edition: Edition; note?: string } {
  const known = findEdition(kernel);
  if (known !== undefined) return { edition: known };
  const version = /\d+\.\d+(\.\d+)?/.exec(kernel)?.[0];
  const nearest = version === undefined ? undefined : findEdition(version);
  if (nearest === undefined) {
    const names = releases.map(({ name }) => name).join(", ");
    throw new InputError(`the kernel "${kernel}" has no version number`, {
      source,
      remedy: `name the folder after the kernel, such as 6.1.192, or one of ${names}`,
    });
  }
  return { edition: nearest, note: `"${kernel}" is played as ${nearest.name}` };
}

interface Tally {
  scenarios: number;
  operations: number;
  compared: number;
  agreed: number;
  unrepeatable: number;
  unsupported: number;
}

function compareScenario(
  named: NamedRecording,
  scenario: RecordedScenario,
  edition: Edition,
  calibration: Calibration,
  tally: Tally,
  disagreements: Disagreement[],
  skipped: { file: string; scenario: string; line: string; why: string }[],
): void {
  const { file, kernel } = named;
  const played = playAll(named, scenario, edition, calibration);
  const scope = scopeOf(scenario, played, rangesOf(named, scenario), unprobed(named.recording));
  scenario.ops.forEach((op, index) => {
    const predicted = played[index] as Played;
    tally.operations++;
    if (!op.deterministic) tally.unrepeatable++;
    else if (predicted.unsupported !== undefined) {
      tally.unsupported++;
      skipped.push({ file, scenario: scenario.name, line: op.line, why: predicted.unsupported });
    } else {
      tally.compared++;
      const difference = differ(op, op.outcomes[0] as Played, predicted, scope);
      if (difference === undefined) tally.agreed++;
      else {
        const where = { kernel, file, scenario: scenario.name, op: index, line: op.line };
        disagreements.push({
          ...where,
          ...difference,
          explanation: explain(difference.field, op.line, scenario, index),
        });
      }
    }
  });
}

function playAll(
  named: NamedRecording,
  scenario: RecordedScenario,
  edition: Edition,
  calibration: Calibration,
): Played[] {
  const script = new Script(edition, calibration, `${named.file} ${scenario.name}`, named.recording.machine);
  return scenario.ops.map(({ line }) => script.play(line));
}

/** Address ranges that the script's lines name. */
function rangesOf(named: NamedRecording, scenario: RecordedScenario): Scope["mapped"] {
  return scenario.ops.flatMap(({ line }) =>
    / mmap /.test(line) ? [new Line(line, `${named.file} ${scenario.name}`).range(2)] : [],
  );
}

/** Kinds of events that the recorder says it had no probe for. */
function unprobed(recording: Recording): ReadonlySet<string> {
  const missing = new Set(recording.probes.flatMap((probe) => /^(\w+) missing /.exec(probe)?.[1] ?? []));
  const kinds: readonly [string, readonly string[]][] = [
    ["free_pages", ["fps", "frt"]],
    ["remove_table", ["trt"]],
    ["gather_full", ["tgf"]],
    ["gather_vma", ["tgv"]],
    ["unshare_range", ["hup"]],
  ];
  return new Set(kinds.filter(([, probes]) => probes.every((probe) => missing.has(probe))).map(([kind]) => kind));
}

/**
 * What no script tells is read off from the recording: the page tables of everything else that ran (the first count),
 * and the pages of the program itself (the first exit). Every later count and exit has to agree.
 */
function calibrate(recordings: readonly NamedRecording[], edition: Edition): Calibration {
  let { otherTablesKb, programPages, childPages } = UNCALIBRATED;
  const known = { tables: false, program: false, child: false };
  for (const named of recordings) {
    for (const scenario of named.recording.scenarios) {
      if (known.tables && known.program && known.child) return { otherTablesKb, programPages, childPages };
      if (!scenario.ops.some(({ line }) => / exit/.test(line) || line === "stat")) continue;
      const played = playAll(named, scenario, edition, UNCALIBRATED);
      scenario.ops.forEach(({ line, outcomes, deterministic }, i) => {
        const [seen, predicted] = [outcomes[0] as Played, played[i] as Played];
        if (!deterministic || predicted.unsupported !== undefined) return;
        if (line === "stat" && !known.tables) {
          otherTablesKb = tablesIn(seen) - tablesIn(predicted);
          known.tables = true;
        }
        if (!/ exit/.test(line)) return;
        const more = slotsIn(seen) - slotsIn(predicted);
        const forked = scenario.ops.some((op) => op.line.includes(` fork as=${line.split(" ", 1)[0]} `));
        if (forked && !known.child) [childPages, known.child] = [more, true];
        if (!forked && !known.program) [programPages, known.program] = [more, true];
      });
    }
  }
  return { otherTablesKb, programPages: Math.max(0, programPages), childPages: Math.max(0, childPages) };
}

const tablesIn = ({ info }: { readonly info?: string }): number =>
  Number(/PageTables=(-?\d+)/.exec(info ?? "")?.[1] ?? 0);

const slotsIn = ({ events }: Pick<Played, "events">): number =>
  events.reduce((sum, event) => sum + (event[0] === "free_pages" ? Number(event[1]) : 0), 0);

/** Why a prediction differs, as far as it is known. */
function explain(field: Field, line: string, scenario: RecordedScenario, index: number): string {
  const race = scenario.ops.slice(0, index).some((op) => !op.deterministic);
  if (field === "counters") {
    return "a global counter: tables that wait for RCU still count, and so does what other programs do";
  }
  if (/ loopdn | wait /.test(line)) return "threads that race";
  if (/ exit/.test(line)) return "which of the process's threads was the last to go, and so freed its memory";
  if (race) return "an earlier operation of the scenario had several outcomes, and its state is one of them";
  return "not explained";
}
