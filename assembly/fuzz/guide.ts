/**
 * A guided run: the program that is set up follows the path of another run as far as it fits.
 *
 * Protocol
 *   What shrinking needs: a program with a call less takes other steps, so choices no longer fit, but the order of its
 *   agents mostly does. The host writes the path, one agent for each step, to FuzzWord.GUIDE. Agents that cannot move
 *   where they stand are passed over. When the path is used up, the agent that moved last goes on while it can.
 */
import { Status } from "../abi/events";
import { FuzzWord, INPUT_MAX } from "../abi/fuzz";
import { Area, Base, Boot } from "../abi/layout";
import { mix } from "../explore/hash";
import { deadlocked, isFinished, stateBytes } from "../run";
import { base, get, scriptBase } from "../word";
import { ready, startAgents } from "./agents";
import { setWord, word } from "./block";
import { scriptEnd } from "./program";
import { beginRun, chose, endRun, step } from "./runner";

function followGuide(): u32 {
  const guide = word(FuzzWord.GUIDE) << 2;
  const length = min<u32>(word(FuzzWord.GUIDE_LENGTH), INPUT_MAX);
  const stepsMax = word(FuzzWord.STEPS_MAX);
  let steps: u32 = 0;
  let last: u32 = 0;
  let read: u32 = 0;
  startAgents();
  while (steps < stepsMax) {
    const mask = ready();
    if (mask == 0) return isFinished() ? <u32>Status.FINISHED : deadlocked();
    while (read < length && ((mask >> <u64>load<u8>(guide + read)) & 1) == 0) read++;
    if (read < length) last = load<u8>(guide + read++);
    else if (((mask >> <u64>last) & 1) == 0) last = <u32>ctz(mask);
    chose(mask, last);
    step(++steps, last);
  }
  return Status.BOUNDED;
}

/** Follows the guide from the initial state that is set up. */
export function fuzzGuided(): void {
  beginRun();
  endRun(followGuide());
}

/**
 * Fingerprint of the program that is set up, into FuzzWord.SUM: its initial state, its calls, its hardware. Programs
 * with the same one are the same program to every schedule.
 */
export function fuzzProgram(): void {
  let hash: u64 = ((<u64>get(Area.BOOT + Boot.ERRATA)) << 32) | <u64>get(Area.BOOT + Boot.PCID);
  const initial = base(Base.INITIAL);
  const words = stateBytes() >> 2;
  for (let i: u32 = 0; i < words; i++) hash = (hash ^ <u64>get(initial + i)) * 0x9e3779b97f4a7c15 + (hash >> 29);
  for (let i: u32 = 0; i < scriptEnd; i++) hash = (hash ^ <u64>get(scriptBase + i)) * 0x9e3779b97f4a7c15 + (hash >> 29);
  const value = mix(hash);
  setWord(FuzzWord.SUM, <u32>value);
  setWord(FuzzWord.SUM + 1, <u32>(value >> 32));
}
