/**
 * Violations that are facts of a run, with their tokens; and livelocks, which are facts of many.
 */
import { InputError } from "../error.js";
import { severityOf, type ViolationKind } from "../names.js";
import { encodeSchedule, formatToken } from "../schedule.js";
import type { CaseOptions, Cores, FoundViolation } from "./case.js";
import { EDGES_KEPT, type TransitionGraph } from "./livelock.js";
import { choicesOf } from "./path.js";
import type { Searched } from "./search.js";
import { type StageOptions, stage } from "./stage.js";

/** A bound that the caller gave. Throws an InputError when it is none. */
export function inRange(name: string, value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const remedy = `give a whole number of ${what} from 1 to ${most}`;
  throw new InputError(`the ${name} ${value} is out of range`, { source: "check", remedy });
}

/** A livelock takes every transition, so it is looked for where it is asked for. */
export const wantsLivelocks = ({ scenario }: StageOptions, { livelock = false }: CaseOptions): boolean =>
  livelock !== false || scenario.always.includes("LIVELOCK");

export const keptOf = ({ livelock }: CaseOptions): number =>
  typeof livelock === "number" ? inRange("livelock", livelock, EDGES_KEPT, "transitions") : EDGES_KEPT;

/** The nearest livelock, with a shortest way into it and a fair round. */
export function livelocksOf(
  what: StageOptions,
  graph: TransitionGraph,
  search: Searched,
  cores: Cores,
): FoundViolation[] {
  const nearest = graph.livelocks()[0];
  const path = nearest === undefined ? undefined : search.pathTo(nearest.nearest);
  if (nearest === undefined || path === undefined) return [];
  const machine = stage({ ...what, core: cores.path });
  const who = nearest.agents.map((agent) => what.which.tasks[agent]?.name ?? "interrupts");
  const round = nearest.round.length;
  const where = `${[...new Set(who)].join(", ")} go round for ever in ${nearest.states} states, ${round} steps a round`;
  const choices = encodeSchedule(choicesOf(machine, [...path, ...nearest.round]));
  return [{ ...factOf(what, "LIVELOCK", choices, path.length, { where, round }), round }];
}

/** A violation with its replay token. */
export function factOf(
  what: StageOptions,
  kind: ViolationKind,
  schedule: string,
  steps: number,
  more: { readonly where?: string; readonly round?: number },
): FoundViolation {
  const names = { scenario: what.scenario.name, case: what.which.name };
  const machine = { edition: what.edition.name, backend: what.backend.name };
  const round = more.round === undefined ? {} : { round: more.round };
  const token = formatToken({ ...names, ...machine, schedule, steps: steps + (more.round ?? 0), ...round });
  const place = { where: more.where ?? "" };
  return { kind, severity: severityOf(kind), confirmed: true, case: names.case, schedule: token, steps, ...place };
}
