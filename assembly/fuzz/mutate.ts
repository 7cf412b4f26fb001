/**
 * New programs and changed ones, written as bytes into the input.
 *
 * A new program has a theme. It maps a file in the mms that run, touches what it has mapped, and then lets two or three
 * tasks make a few calls each. Half of the new programs have half of the calls, or three quarters, switched off: what a
 * rare mixture hides, a program of two kinds of call shows (swarm).
 */
import {
  CALL_BYTES,
  CallEntry,
  FUZZ_CPUS,
  FUZZ_MMS,
  FUZZ_TASKS,
  FuzzWord,
  HEADER,
  LOAD_CALL,
  MMAP_CALL,
  MUNMAP_CALL,
  RACE_MAX,
  SETUP_MAX,
  Theme,
} from "../abi/fuzz";
import { get } from "../word";
import { input, listOf, namedIn, setWord } from "./block";
import { anyEntry, bytesOf } from "./corpus";
import { callAt, programBytes, raceCalls, setupCalls, themeOf } from "./program";
import { below, next, onceIn } from "./rng";

let muted: u64 = 0;

function setByte(i: u32, value: u32): void {
  store<u8>(input + i, <u8>value);
}

function setCounts(setup: u32, race: u32): void {
  setByte(5, setup);
  setByte(6, race);
}

/** A call that is not switched off. */
function drawCall(): u32 {
  const calls = get(listOf(themeOf(), false));
  let call = below(calls);
  let tries: u32 = 0;
  while (((muted >> <u64>call) & 1) != 0 && tries < 64) {
    call = below(calls);
    tries++;
  }
  return call;
}

function drawSwarm(): void {
  muted = 0;
  if (onceIn(2)) return;
  muted = ((<u64>next()) << 32) | <u64>next();
  if (onceIn(2)) muted |= ((<u64>next()) << 32) | <u64>next();
}

function fillCall(at: u32, call: u32, who: u32): void {
  store<u8>(at, <u8>call);
  store<u8>(at + 1, <u8>who);
  store<u32>(at + 2, next());
  store<u16>(at + 6, <u16>next());
}

/** A call of the race. Of huge pages, mostly where the mappings are. */
function fillRace(at: u32): void {
  fillCall(at, drawCall(), next());
  if (themeOf() == Theme.HUGETLB && onceIn(2)) store<u8>(at + 2, <u8>((below(3) << 4) | (4 + 2 * below(4))));
}

/** Three calls of one task: a range is unmapped, something else is mapped there, and touched. */
function fillReuse(at: u32): void {
  fillRace(at);
  store<u8>(at, <u8>MUNMAP_CALL);
  const mapping = at + CALL_BYTES;
  fillCall(mapping, MMAP_CALL, load<u8>(at + 1));
  store<u16>(mapping + 2, load<u16>(at + 2));
  fillCall(mapping + CALL_BYTES, LOAD_CALL, load<u8>(at + 1));
  store<u8>(mapping + CALL_BYTES + 2, load<u8>(at + 2) & 15);
}

/** mmap is the builder with a mapping to draw: it takes the most bytes of them. */
function mapper(): u32 {
  const list = listOf(themeOf(), true);
  const builders = get(list);
  let best: u32 = 0;
  let most: u32 = 0;
  for (let i: u32 = 0; i < builders; i++) {
    const count = get(namedIn(list, i) + CallEntry.COUNT);
    if (count <= most) continue;
    most = count;
    best = i;
  }
  return best;
}

/** Whole GiBs of the first file from its start, more often than not: what tables are shared for. */
function fillMapping(at: u32, mm: u32): void {
  fillCall(at, mapper(), mm);
  if (onceIn(4)) return;
  if (themeOf() != Theme.HUGETLB) {
    // All of the first GiB, of any kind.
    store<u8>(at + 2, 0);
    store<u8>(at + 3, 3);
    store<u8>(at + 5, 0);
    return;
  }
  const gib: u32 = 1 + below(2);
  store<u8>(at + 2, <u8>((gib << 2) | (below(2) << 4)));
  store<u8>(at + 3, <u8>below(2));
  store<u8>(at + 4, <u8>(onceIn(4) ? next() : 0));
  store<u8>(at + 5, 0);
  store<u8>(at + 6, 0);
}

/** An access near where the mappings are. */
function fillTouch(at: u32, mm: u32): void {
  const builders = get(listOf(themeOf(), true));
  let call = below(builders);
  if (call == mapper()) call = (call + 1) % builders;
  fillCall(at, call, mm);
  if (themeOf() == Theme.HUGETLB) store<u8>(at + 2, <u8>(4 + below(8)));
}

/** Draws a whole new program. Its schedule is empty. */
export function drawProgram(): void {
  drawSwarm();
  const tasks: u32 = onceIn(8) ? below(FUZZ_TASKS) : 1 + below(FUZZ_TASKS - 1);
  const theme: u32 = onceIn(3) ? <u32>Theme.HUGETLB : 1 + below(Theme.COUNT - 1);
  setByte(0, theme * FUZZ_TASKS + tasks);
  const mms: u32 = theme == Theme.GUESTS ? FUZZ_MMS : 1 + below(FUZZ_MMS);
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) {
    setByte(1 + cpu, cpu > tasks && onceIn(4) ? FUZZ_MMS : below(mms));
  }
  setByte(7, onceIn(3) ? next() : 0);
  let setup: u32 = 0;
  for (let mm: u32 = 0; mm < mms; mm++) {
    fillMapping(callAt(setup++), mm);
    const touches = theme == Theme.HUGETLB ? below(3) : 1 + below(4);
    for (let i: u32 = 0; i < touches && setup < SETUP_MAX; i++) fillTouch(callAt(setup++), mm);
  }
  const race: u32 = 1 + below(2 * (tasks + 1));
  const reuses = theme == Theme.HUGETLB && onceIn(8);
  setCounts(setup, reuses ? race + 3 : race);
  for (let i: u32 = 0; i < race; i++) fillRace(callAt(setup + i));
  if (reuses) fillReuse(callAt(setup + race));
  const end = programBytes();
  setWord(FuzzWord.LENGTH, end);
  setWord(FuzzWord.SCHEDULE_AT, end);
}

function insertCall(atCall: u32): u32 {
  const at = callAt(atCall);
  const end = input + programBytes();
  memory.copy(at + CALL_BYTES, at, end - at);
  return at;
}

function removeCall(atCall: u32): void {
  const at = callAt(atCall);
  const end = input + programBytes();
  memory.copy(at, at + CALL_BYTES, end - at - CALL_BYTES);
}

function swapCalls(a: u32, b: u32): void {
  const first = callAt(a);
  const second = callAt(b);
  const kept = load<u64>(first);
  store<u64>(first, load<u64>(second));
  store<u64>(second, kept);
}

/** The calls of the race from one on are another entry's. */
function splice(): void {
  const other = anyEntry();
  if (other == 0) return;
  const from = bytesOf(other);
  const theirs: u32 = load<u8>(from + 6) % (RACE_MAX + 1);
  const theirSetup: u32 = load<u8>(from + 5) % (SETUP_MAX + 1);
  const setup = setupCalls();
  const kept = below(raceCalls() + 1);
  const first = below(theirs + 1);
  const taken = min<u32>(theirs - first, RACE_MAX - kept);
  const source = from + HEADER + (theirSetup + first) * CALL_BYTES;
  memory.copy(callAt(setup + kept), source, taken * CALL_BYTES);
  setCounts(setup, kept + taken);
}

function changeHeader(): void {
  const i = below(6);
  if (i == 0) setByte(0, themeOf() * FUZZ_TASKS + below(FUZZ_TASKS));
  else if (i < 5) setByte(i, below(FUZZ_MMS + 1));
  else setByte(7, next());
}

function changeSetup(): void {
  const setup = setupCalls();
  const race = raceCalls();
  const kind = below(4);
  if (kind == 0 && setup < SETUP_MAX) {
    const at = insertCall(below(setup + 1));
    if (onceIn(2)) fillMapping(at, below(FUZZ_MMS));
    else fillTouch(at, below(FUZZ_MMS));
    setCounts(setup + 1, race);
  } else if (kind == 1 && setup > 0) {
    removeCall(below(setup));
    setCounts(setup - 1, race);
  } else if (setup > 0) store<u8>(callAt(below(setup)) + 1 + below(CALL_BYTES - 1), <u8>next());
}

function changeRace(): void {
  const setup = setupCalls();
  const race = raceCalls();
  const kind = below(8);
  if ((kind == 0 || race == 0) && race < RACE_MAX) {
    fillRace(insertCall(setup + below(race + 1)));
    setCounts(setup, race + 1);
  } else if (kind == 1 && race > 1) {
    removeCall(setup + below(race));
    setCounts(setup, race - 1);
  } else if (kind == 2 && race < RACE_MAX) {
    const from = load<u64>(callAt(setup + below(race)));
    store<u64>(insertCall(setup + below(race + 1)), from);
    setCounts(setup, race + 1);
  } else if (kind == 3 && race > 1) swapCalls(setup + below(race), setup + below(race));
  else if (kind == 4) store<u8>(callAt(setup + below(race)), <u8>drawCall());
  else store<u8>(callAt(setup + below(race)) + 1 + below(CALL_BYTES - 1), <u8>next());
}

/** Changes the program of the input in one to four places. Its schedule is cut off, the program's end moves. */
export function mutate(): void {
  muted = 0;
  const changes: u32 = 1 + below(4);
  for (let i: u32 = 0; i < changes; i++) {
    const kind = below(16);
    if (kind == 0) changeHeader();
    else if (kind < 4) changeSetup();
    else if (kind == 4) splice();
    else changeRace();
  }
  const end = programBytes();
  setWord(FuzzWord.LENGTH, end);
  setWord(FuzzWord.SCHEDULE_AT, end);
}

/** Changes one byte of a schedule of `bytes` bytes at `at`. */
export function changeSchedule(at: u32, bytes: u32): void {
  if (bytes != 0) store<u8>(at + below(bytes), <u8>next());
}
