/**
 * The successors of a state that hardware makes: fills, evictions, and frames that go to a stranger.
 */
import { Base } from "../abi/layout";
import { Hardware } from "../abi/search";
import { kernelAgents } from "../run";
import { base, cpus } from "../word";
import { ended } from "./exhaustive";
import { obligationSum } from "./fingerprint";
import { canMoveSlot, canReuse, frameAgents, moveSlot, noteSlots, reuse, reuseByAgent, slotsPerCpu } from "./hardware";
import * as next from "./successors";
import { isSymmetric } from "./symmetry";

/** Successors that hardware makes: slots of TLBs that are filled or evicted, freed frames that somebody else gets. */
export function moveHardware(hardware: u32): void {
  if (hardware == Hardware.ENUMERATED) {
    const perCpu = slotsPerCpu();
    const obligations = obligationSum();
    for (let cpu: u32 = 0; cpu < cpus; cpu++) {
      const agent = kernelAgents() + cpu * perCpu;
      if (isSymmetric()) moveSlots(cpu, agent);
      else noteSlots(cpu, agent, obligations);
    }
  }
  if (!reuseByAgent()) return;
  const frames = base(Base.FRAMES);
  for (let frame: u32 = 1; frame < frames; frame++) {
    if (!canReuse(frame)) continue;
    next.begin(frameAgents() + frame);
    reuse(frame);
    ended();
  }
}

/** What `noteSlots` does, each slot as a step of its own. */
function moveSlots(cpu: u32, agent: u32): void {
  for (let slot: u32 = 0; slot < slotsPerCpu(); slot++) {
    if (!canMoveSlot(cpu, slot)) continue;
    next.begin(agent + slot);
    moveSlot(cpu, slot);
    ended();
  }
}
