/**
 * A finding in a scenario made small: fewer steps, fewer switches, the same lines; a token and a witness.
 */
import { NO_LINE } from "../../assembly/abi/fuzz.js";
import type { Core } from "../core/core.js";
import { choicesOf, follow, type Goal, pathOf } from "../explore/path.js";
import { shrink } from "../explore/shrink.js";
import type { StageOptions } from "../explore/stage.js";
import { findWitness, needsWitness, type Witness } from "../explore/witness.js";
import type { Machine, RawViolation } from "../machine.js";
import { kindName } from "../names.js";
import { encodeSchedule, formatToken } from "../schedule.js";
import { type Arena, INTERRUPT_LINE, RACE_STEPS } from "./arena.js";

/** Where a finding in a scenario was, and its smallest schedule. */
export interface RaceFinding {
  readonly scenario: string;
  readonly case: string;
  readonly edition: string;
  readonly backend: string;
  /** Replay token: `shootdown replay TOKEN`. */
  readonly schedule: string;
  /** Steps up to the violation, as drawn and at its smallest. */
  readonly stepsDrawn: number;
  readonly steps: number;
  /** A witness on concrete TLBs exists, or the violation is a fact of the run itself. */
  readonly confirmed: boolean;
  readonly witness?: Witness;
}

/** A finding's signature: numbers as the core has them. */
export interface Place {
  readonly kind: number;
  readonly birth: number;
  readonly at: number;
}

/** The violation of the same kind that was born and seen at the same lines. */
class SamePlace implements Goal {
  readonly kind: number;
  readonly #arena: Arena;
  readonly #place: Place;
  #lines: number[] = [];

  constructor(arena: Arena, place: Place) {
    this.kind = place.kind;
    this.#arena = arena;
    this.#place = place;
  }

  before(step: number, agent: number): void {
    if (step === 0) this.#lines = [];
    else this.#lines[step] = this.#lineOf(agent);
  }

  #lineOf(agent: number): number {
    const { machine } = this.#arena;
    return agent < machine.config.tasks ? this.#arena.lineOf(machine.pcOf(agent)) : INTERRUPT_LINE;
  }

  violation(): RawViolation | undefined {
    const { machine } = this.#arena;
    const deadlock = kindName(this.kind) === "DEADLOCK";
    return machine.violations().find((other) => {
      if (other.kind !== this.kind) return false;
      if (deadlock) return true;
      return this.#arena.lineOf(other.pc) === this.#place.at && this.#birthLine(other) === this.#place.birth;
    });
  }

  #birthLine(violation: RawViolation): number {
    return violation.birth === 0 ? NO_LINE : (this.#lines[violation.birth] ?? NO_LINE);
  }

  reached = (): boolean => this.violation() !== undefined;
}

/** Shrinks a finding to fewer steps and switches, and looks for its witness. */
export function tellFinding(
  what: StageOptions,
  arena: Arena,
  bytes: Uint8Array,
  place: Place,
  core: Core,
): RaceFinding {
  const { machine } = arena;
  const goal = new SamePlace(arena, place);
  const drawn = pathOf(machine, [...bytes], RACE_STEPS).path;
  const first = follow(machine, drawn, goal);
  // A deadlock is where nobody moves: there is no step at which it happens, and the run stays as it is.
  const path = first.found ? shrink(machine, first.path, goal) : drawn;
  if (first.found) follow(machine, path, goal);
  const violation = goal.violation();
  const witness =
    violation !== undefined && needsWitness(violation) ? findWitness({ ...what, core }, path, violation) : undefined;
  return {
    scenario: what.scenario.name,
    case: what.which.name,
    edition: what.edition.name,
    backend: what.backend.name,
    schedule: tokenOf(what, machine, path),
    stepsDrawn: first.path.length,
    steps: path.length,
    confirmed:
      violation === undefined ? kindName(place.kind) === "DEADLOCK" : !needsWitness(violation) || witness !== undefined,
    ...(witness === undefined ? {} : { witness }),
  };
}

function tokenOf({ scenario, which, edition, backend }: StageOptions, machine: Machine, path: number[]): string {
  return formatToken({
    scenario: scenario.name,
    case: which.name,
    edition: edition.name,
    backend: backend.name,
    schedule: encodeSchedule(choicesOf(machine, path)),
    steps: path.length,
  });
}
