/**
 * New programs, written as bytes into the input.
 *
 * A new program has a theme. It maps a file in the mms that run, touches what it has mapped, and then lets one to three
 * tasks make a few calls each.
 */
import { FUZZ_CPUS, FUZZ_MMS, FUZZ_TASKS, FuzzWord, SETUP_MAX, Theme } from "../abi/fuzz";
import { setWord } from "./block";
import {
  aimAt,
  drawSwarm,
  fillAgain,
  fillAway,
  fillMapping,
  fillMove,
  fillRace,
  fillReuse,
  fillTouch,
  setByte,
  setCounts,
} from "./calls";
import { callAt, programBytes, themeOf } from "./program";
import { below, next, onceIn } from "./rng";

/** Which mm each CPU runs. About the kernel, half of the time no mm runs on two CPUs, and the others are idle. */
function fillCpus(tasks: u32, mms: u32): void {
  const apart = themeOf() == Theme.KERNEL && onceIn(2);
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) {
    if (apart) setByte(1 + cpu, cpu < mms ? cpu : FUZZ_MMS);
    else setByte(1 + cpu, cpu > tasks && onceIn(4) ? FUZZ_MMS : below(mms));
  }
}

/**
 * A whole program: two threads of one process do something in a GiB that another process shares, and that one goes on
 * using the table.
 */
function drawNeighbours(): void {
  setByte(0, 2);
  aimAt((1 + below(2)) << 2, 0);
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) setByte(1 + cpu, cpu < 3 ? cpu >> 1 : FUZZ_MMS);
  setByte(7, onceIn(3) ? next() : 0);
  let setup: u32 = 0;
  for (let mm: u32 = 0; mm < 2; mm++) {
    fillMapping(callAt(setup++), mm);
    const touches: u32 = 1 + below(2);
    for (let i: u32 = 0; i < touches; i++) fillTouch(callAt(setup++), mm);
  }
  const race: u32 = 2 + below(3);
  setCounts(setup, race + 3);
  for (let i: u32 = 0; i < race; i++) {
    const at = callAt(setup + i);
    fillRace(at);
    store<u8>(at + 1, <u8>below(2));
  }
  fillReuse(callAt(setup + race), 2);
  endProgram();
}

/** Draws a whole new program. Its schedule is empty. */
export function drawProgram(): void {
  drawSwarm();
  const tasks: u32 = onceIn(8) ? below(FUZZ_TASKS) : 1 + below(FUZZ_TASKS - 1);
  const theme: u32 = onceIn(3) ? <u32>Theme.HUGETLB : 1 + below(Theme.COUNT - 1);
  if (theme == Theme.HUGETLB && onceIn(4)) {
    drawNeighbours();
    return;
  }
  setByte(0, theme * FUZZ_TASKS + tasks);
  const moves = theme == Theme.HUGETLB && onceIn(8);
  const isAimed = moves || (theme == Theme.HUGETLB && onceIn(2));
  aimAt(isAimed ? (1 + below(2)) << 2 : 0, moves ? 1 + below(4) : 0);
  const mms: u32 = theme == Theme.GUESTS ? FUZZ_MMS : 1 + below(FUZZ_MMS);
  fillCpus(tasks, mms);
  setByte(7, onceIn(3) ? next() : 0);
  let setup: u32 = 0;
  for (let mm: u32 = 0; mm < mms && setup < SETUP_MAX; mm++) {
    fillMapping(callAt(setup++), mm);
    const touches = theme == Theme.HUGETLB ? below(3) : 1 + below(4);
    for (let i: u32 = 0; i < touches && setup < SETUP_MAX; i++) fillTouch(callAt(setup++), mm);
  }
  drawRace(theme, setup, 1 + below(2 * (tasks + 1)), moves);
  endProgram();
}

function drawRace(theme: u32, setup: u32, calls: u32, moves: bool): void {
  const reuses = theme == Theme.HUGETLB && onceIn(8);
  const away = theme == Theme.KERNEL && onceIn(2);
  setCounts(setup, reuses || away ? calls + 3 : calls);
  for (let i: u32 = 0; i < calls; i++) {
    const at = callAt(setup + i);
    if (i == 0 && moves) fillMove(at);
    else if (i > 0 && onceIn(8)) fillAgain(at);
    else fillRace(at);
  }
  if (reuses) fillReuse(callAt(setup + calls), next());
  if (away) fillAway(callAt(setup + calls));
}

/** The schedule begins where the program ends. */
export function endProgram(): void {
  const end = programBytes();
  setWord(FuzzWord.LENGTH, end);
  setWord(FuzzWord.SCHEDULE_AT, end);
}
