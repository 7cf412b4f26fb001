/**
 * Leaving schedules out, as the search sees it: whether it is asked for and applies, what must be moved in a state, and
 * when a search that left too much out has to begin again. How it is decided: persistent.ts.
 */
import { Hardware, Reduction, Search, Store } from "../abi/search";
import { moveAgent } from "../run";
import { getLong, putLong } from "../word";
import { contended } from "./conflicts";
import { isConfirmed, isProven, isUsable, learn, placesKnown, relyOnWhatIsKnown } from "./learn";
import { persistent, stepKnown } from "./persistent";
import * as space from "./space";
import { forgetTies, isSymmetric, looseCpus, mustNotExchange, symmetryStart } from "./symmetry";
import { twinCount } from "./twins";

let reducing: bool = false;
/** Number of states at which what was learned is next taken in; and whether too much has been left out. */
let lookAt: u64 = 0;
let refuted: bool = false;

/** The machine is laid out: learns what steps use, when that is asked for. It leaves the machine anywhere. */
export function startReduction(hardware: u32): void {
  reducing = space.reduces(Reduction.PARTIAL_ORDER) && hardware == Hardware.ORACLE;
  if (reducing) learn(space.reductionAt);
  space.tell(Search.PASSES, 0);
  forgetTies();
}

/** A search begins at the initial state. */
export function beginReduction(): void {
  if (reducing) relyOnWhatIsKnown();
  reducing = reducing && isUsable();
  lookAt = 0;
  refuted = false;
  tellReduced();
  tellKnown();
  space.tell(Search.PASSES, space.asked(Search.PASSES) + 1);
  putLong(space.searchWords() + Search.SPARED, 0);
}

/** A wide store wants 128 bits: one sum of columns has 64. */
export function beginSymmetry(): void {
  const asked = space.reduces(Reduction.SYMMETRY) && space.asked(Search.STORE) != Store.WIDE;
  symmetryStart(space.symmetryAt, asked);
  space.tell(Search.LOOSE_CPUS, <u32>popcnt(looseCpus()));
  space.tell(Search.TWINS, isSymmetric() ? twinCount() : 1);
  tellReduced();
}

function tellReduced(): void {
  space.tell(Search.REDUCED, (reducing ? Reduction.PARTIAL_ORDER : 0) | (isSymmetric() ? Reduction.SYMMETRY : 0));
}

function tellKnown(): void {
  space.tell(Search.PLACES, reducing ? placesKnown() : 0);
  space.tell(Search.CONTENDED, reducing ? contended : 0);
}

/**
 * Takes in what was learned, from time to time, and at the end. When something was left out that should not have been,
 * the search goes on, to learn the rest too, and at its end must begin again.
 */
export function mustBeginAgain(states: u64, isOver: bool): bool {
  if (isSymmetric() && mustNotExchange()) return true;
  if (!reducing) return false;
  if (!isProven() && (isOver || states >= lookAt)) {
    lookAt = states + (states >> 1) + 1000;
    if (!isConfirmed()) refuted = true;
    tellKnown();
  }
  return refuted && isOver;
}

/** Of the agents that can move, those that must be. */
export function chosen(able: u64): u64 {
  if (!reducing || !isUsable()) return able;
  const mask = persistent(able);
  const spared = space.searchWords() + Search.SPARED;
  if (mask != able) putLong(spared, getLong(spared) + 1);
  return mask;
}

/** Moves an agent of the state that `chosen` has looked at. */
export function moveChosen(agent: u32): void {
  if (reducing && isUsable()) stepKnown(agent);
  else moveAgent(agent);
}
