/**
 * Changed programs, written as bytes into the input.
 */
import { CALL_BYTES, FUZZ_MMS, FUZZ_TASKS, HEADER, RACE_MAX, SETUP_MAX } from "../abi/fuzz";
import { input } from "./block";
import { anyCall, drawCall, fillMapping, fillRace, fillTouch, setByte, setCounts } from "./calls";
import { anyEntry, bytesOf } from "./corpus";
import { endProgram } from "./draw";
import { callAt, programBytes, raceCalls, setupCalls, themeOf } from "./program";
import { below, next, onceIn } from "./rng";

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
  anyCall();
  const changes: u32 = 1 + below(4);
  for (let i: u32 = 0; i < changes; i++) {
    const kind = below(16);
    if (kind == 0) changeHeader();
    else if (kind < 4) changeSetup();
    else if (kind == 4) splice();
    else changeRace();
  }
  endProgram();
}

/** Changes one byte of a schedule of `bytes` bytes at `at`. */
export function changeSchedule(at: u32, bytes: u32): void {
  if (bytes != 0) store<u8>(at + below(bytes), <u8>next());
}
