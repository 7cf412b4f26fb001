/**
 * Both reductions together: what has been learned of one interchangeable CPU holds for all of them.
 *
 * A search that takes states for one which are so but for a permutation of CPUs has tried a step of one of them, and
 * relies on what it knows of the others. So each map is made to say of all of them what was seen with any: what an
 * interrupt does to its own CPU, and what anybody does to some CPU. Then whatever is known is known of every permuted
 * state as well, and the proof in docs/search.md goes through.
 *
 * Invariants
 *   O1  A permutation of interchangeable CPUs takes the map of each place into that of the permuted place.
 */
import { Cpu } from "../abi/records";
import { cpuCell } from "../ghost/cells";
import { cpuAt, cpus, mms, tasks } from "../word";
import {
  agentAt,
  askedBy,
  edgeCount,
  edgeFrom,
  edgeTo,
  firstWord,
  mapBytes,
  mapOf,
  orbitOf,
  placeCount,
  wordCount,
} from "./places";

/** Bytes of a map that are about one CPU: its record, and two cells for each mm. */
function slots(): u32 {
  return Cpu.WORDS + 2 * mms;
}

function slotOf(slot: u32, cpu: u32): u32 {
  return slot < <u32>Cpu.WORDS ? cpuAt(cpu) + slot - firstWord : wordCount + cpuCell(slot - Cpu.WORDS, cpu);
}

/** A map that is being put together: of what is about no interchangeable CPU, of the own one, of the others. */
let common: u32 = 0;
const own = <u32>memory.data(128);
const others = <u32>memory.data(128);
let loose: u32 = 0;

/** Closes the maps of all places; `scratch` has room for one. `among` are the CPUs, a bit set. */
export function closeUnder(among: u32, scratch: u32): void {
  if (among == 0) return;
  loose = among;
  common = scratch;
  for (let place: u32 = cpus * cpus; place < placeCount; place++) {
    if (!isLoose(agentAt(place))) {
      forget();
      gather(place, cpus);
      spread(place, cpus);
    } else if (isFirst(place)) closeOrbit(place);
  }
  for (let sender: u32 = 0; sender < cpus; sender++) closeAsked(sender);
}

function isLoose(agent: u32): bool {
  return agent >= tasks && ((loose >> (agent - tasks)) & 1) != 0;
}

function isFirst(place: u32): bool {
  for (let other: u32 = cpus * cpus; other < place; other++) if (areAlike(other, place)) return false;
  return true;
}

function areAlike(other: u32, place: u32): bool {
  return orbitOf(other) == orbitOf(place) && isLoose(agentAt(other));
}

/** The same request to any of them. */
function closeOrbit(place: u32): void {
  forget();
  for (let other = place; other < placeCount; other++) {
    if (areAlike(other, place)) gather(other, agentAt(other) - tasks);
  }
  for (let other = place; other < placeCount; other++) {
    if (areAlike(other, place)) spread(other, agentAt(other) - tasks);
  }
}

/** What any of them may come to do that the sender asks. */
function closeAsked(sender: u32): void {
  forget();
  for (let edge: u32 = 0; edge < edgeCount; edge++) {
    const from = edgeFrom(edge);
    if (from >= cpus * cpus || from % cpus != sender || !isLoose(tasks + from / cpus)) continue;
    gather(edgeTo(edge), from / cpus);
  }
  for (let cpu: u32 = 0; cpu < cpus; cpu++) if (isLoose(tasks + cpu)) spread(askedBy(cpu, sender), cpu);
}

function forget(): void {
  memory.fill(common, 0, mapBytes);
  memory.fill(own, 0, 128);
  memory.fill(others, 0, 128);
}

function add(at: u32, bits: u32): void {
  store<u8>(at, load<u8>(at) | bits);
}

/** Takes the map of a place in, as one of `cpu` (`cpus`: of none of them). */
function gather(place: u32, cpu: u32): void {
  for (let i: u32 = 0; i < mapBytes; i++) add(common + i, load<u8>(mapOf(place) + i));
  for (let each: u32 = 0; each < cpus; each++) {
    if (((loose >> each) & 1) == 0) continue;
    for (let slot: u32 = 0; slot < slots(); slot++) {
      store<u8>(common + slotOf(slot, each), 0);
      add((each == cpu ? own : others) + slot, load<u8>(mapOf(place) + slotOf(slot, each)));
    }
  }
}

/** Gives it to a place, as one of `cpu`. */
function spread(place: u32, cpu: u32): void {
  for (let i: u32 = 0; i < mapBytes; i++) add(mapOf(place) + i, load<u8>(common + i));
  for (let each: u32 = 0; each < cpus; each++) {
    if (((loose >> each) & 1) == 0) continue;
    for (let slot: u32 = 0; slot < slots(); slot++) {
      add(mapOf(place) + slotOf(slot, each), load<u8>((each == cpu ? own : others) + slot));
    }
  }
}
