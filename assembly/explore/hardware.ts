/**
 * Hardware in a search with concrete TLBs: its steps one by one, all its fills at once, and what is stale in it.
 *
 * Protocol
 *   Hardware agents are numbered after the kernel's: for each CPU one agent for each slot of its TLBs (an empty slot is
 *   filled by a walk step, a full one evicted), then one for each frame: a freed frame goes to a stranger (when
 *   Boot.REUSE says that an agent does that).
 *   Saturated, every fill that can happen has happened after each step, and nothing is evicted.
 *
 * Reference: why the saturated machine is enough, docs/search.md.
 */
import { Fault } from "../abi/events";
import { Base, Boot } from "../abi/layout";
import { Cpu, Frame, Kind, Mm, OWNER_STRANGER } from "../abi/records";
import { violation } from "../ghost/report";
import { setUse } from "../hw/frames";
import { frameOf } from "../hw/tables";
import {
  evictSlot,
  fillSlot,
  isWalkPart,
  lastPart,
  partFirst,
  partSlots,
  readable,
  SLOT_WORDS,
  slotIsStale,
  slotsOf,
  slotsPerSpace,
  spaces,
} from "../hw/unlimited";
import { spaceOfCpu } from "../mm/x86";
import { kernelAgents } from "../run";
import { base, boot, cpuAt, cpus, frameAt, get, kindOf, levels, mmAt } from "../word";
import { noteSlot } from "./successors";

/** Slots of one CPU. */
export function slotsPerCpu(): u32 {
  return base(Base.TLB_WORDS) / SLOT_WORDS;
}

export function frameAgents(): u32 {
  return kernelAgents() + cpus * slotsPerCpu();
}

export function reuseByAgent(): bool {
  return boot(Boot.REUSE) == 3;
}

/** First word of the slots that the CPU's loaded mm uses, and its root; 0 when no mm is loaded. */
let currentFirst: u32 = 0;
let currentRoot: u32 = 0;

function look(cpu: u32): bool {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return false;
  currentRoot = get(mmAt(loaded - 1) + Mm.PGD);
  currentFirst = slotsOf(cpu) + (spaceOfCpu(cpu) - 1) * slotsPerSpace * SLOT_WORDS;
  return true;
}

/**
 * Notes a successor for each slot of `cpu` whose hardware can move: a full one is evicted, an empty one of the current
 * space filled. `agent` is the number of the CPU's first slot.
 */
export function noteSlots(cpu: u32, agent: u32, obligations: u64): void {
  let first = slotsOf(cpu);
  const running = look(cpu);
  let number = agent;
  for (let space: u32 = 0; space < spaces; space++) {
    const current = running && first == currentFirst;
    for (let part: u32 = 0; part < lastPart; part++) {
      const count = partSlots(part);
      let at = first + partFirst(part) * SLOT_WORDS;
      for (let i: u32 = 0; i < count; i++) {
        if (get(at) != 0) noteSlot(number, at, 0, 0, obligations);
        else if (current) {
          const entry = readable(first, part, i, currentRoot, levels);
          if (entry != 0) noteSlot(number, at, entry, get(frameAt(frameOf(entry)) + Frame.GENERATION), obligations);
        }
        number++;
        at += SLOT_WORDS;
      }
    }
    first += slotsPerSpace * SLOT_WORDS;
  }
}

/** What a walk step would put into the slot at `at` of the current space. */
function canFill(at: u32): u32 {
  const index = (at - currentFirst) / SLOT_WORDS;
  let part: u32 = 0;
  while (index >= partFirst(part) + partSlots(part)) part++;
  return readable(currentFirst, part, index - partFirst(part), currentRoot, levels);
}

/** A full slot can be evicted; an empty one of the current space filled with what a walk step would read. */
export function canMoveSlot(cpu: u32, slot: u32): bool {
  const at = slotsOf(cpu) + slot * SLOT_WORDS;
  if (get(at) != 0) return true;
  if (!look(cpu) || at < currentFirst || at >= currentFirst + slotsPerSpace * SLOT_WORDS) return false;
  return canFill(at) != 0;
}

/** Fills or evicts one slot of a CPU. */
export function moveSlot(cpu: u32, slot: u32): void {
  const at = slotsOf(cpu) + slot * SLOT_WORDS;
  if (get(at) != 0) evictSlot(at);
  else if (look(cpu)) fillSlot(at, canFill(at));
}

export function canReuse(frame: u32): bool {
  return kindOf(frame) == Kind.FREE && get(frameAt(frame) + Frame.GENERATION) != 0;
}

/** The allocator hands a freed frame to somebody else. */
export function reuse(frame: u32): void {
  setUse(frame, Kind.PAGE, OWNER_STRANGER);
}

/** Every fill that can happen happens: pointers first, because leaves are read through them. */
export function saturate(): void {
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (!look(cpu)) continue;
    for (let part: u32 = 0; part < lastPart; part++) {
      const count = partSlots(part);
      let at = currentFirst + partFirst(part) * SLOT_WORDS;
      for (let i: u32 = 0; i < count; i++) {
        if (get(at) == 0) {
          const entry = readable(currentFirst, part, i, currentRoot, levels);
          if (entry != 0) fillSlot(at, entry);
        }
        at += SLOT_WORDS;
      }
    }
  }
}

function anyFreed(): bool {
  const frames = base(Base.FRAMES);
  let generations: u32 = 0;
  for (let frame: u32 = 1; frame < frames; frame++) generations |= get(frameAt(frame) + Frame.GENERATION);
  return generations != 0;
}

/**
 * Slots through which a CPU that runs could use a frame that has been freed since: a leaf is a STALE_TRANSLATION, a
 * pointer a STALE_WALK. Gives their number.
 */
export function staleSlots(): u32 {
  let found: u32 = 0;
  if (!anyFreed()) return 0;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (!look(cpu)) continue;
    for (let part: u32 = 0; part < lastPart; part++) {
      const count = partSlots(part);
      let at = currentFirst + partFirst(part) * SLOT_WORDS;
      for (let i: u32 = 0; i < count; i++) {
        if (slotIsStale(at)) {
          violation(isWalkPart(part) ? Fault.STALE_WALK : Fault.STALE_TRANSLATION, 0, 1 << cpu);
          found++;
        }
        at += SLOT_WORDS;
      }
    }
  }
  return found;
}
