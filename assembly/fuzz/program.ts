/**
 * Programs: what the bytes of an input mean, the set-up that runs alone, and the tasks that race.
 *
 * Protocol
 *   `prepare()` reads the input, brings the machine to the start of its race and keeps that as the initial state, so
 *   that any number of schedules can follow. Every byte string is a program; a call that cannot be made where it stands
 *   is passed over: what uses the mm on an idle CPU or after an exit, an exit of an mm that others use, a set-up for an
 *   mm that no CPU runs.
 *
 * Reference: docs/fuzzing.md has the bytes.
 */
import { Status } from "../abi/events";
import {
  CALL_BYTES,
  CallEntry,
  CallFlag,
  Decoded,
  FUZZ_CPUS,
  FUZZ_MMS,
  FUZZ_TASKS,
  FuzzWord,
  GUEST_MM,
  HEADER,
  HOST_MM,
  INPUT_MAX,
  RACE_MAX,
  SETUP_MAX,
  SETUP_TASK,
  Theme,
} from "../abi/fuzz";
import { Run } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { switchMm } from "../mm/switching";
import { runAlone, saveInitial } from "../run";
import { nextCall } from "../step";
import { get, put, putLong, scriptBase, setRun, stateBase, tally, taskAt } from "../word";
import { switchTarget, useTheme, writeCall } from "./arguments";
import { decoded, input, listOf, namedIn, resetToBoot, setWord, table, word } from "./block";
import { setFiles, setHardware } from "./world";

const NOBODY: u32 = 0xff;
const SETUP_STEPS: u32 = 2000;

/** For each CPU: the mm that it runs, or NOBODY. For each mm: bit set of the tasks that use it; bystanders' CPUs. */
const cpuMm = memory.data(4 * 4);
const users = memory.data(4 * 4);
const bystanders = memory.data(4 * 4);

function slot(at: usize, i: u32): u32 {
  return load<u32>(at + (i << 2));
}

function setSlot(at: usize, i: u32, value: u32): void {
  store<u32>(at + (i << 2), value);
}

export function tasksOf(): u32 {
  return 1 + (load<u8>(input) % FUZZ_TASKS);
}

export function setupCalls(): u32 {
  return load<u8>(input + 5) % (SETUP_MAX + 1);
}

export function raceCalls(): u32 {
  return load<u8>(input + 6) % (RACE_MAX + 1);
}

/** First byte of call `i`, set-up first. */
export function callAt(i: u32): u32 {
  return input + HEADER + i * CALL_BYTES;
}

export function programBytes(): u32 {
  return HEADER + (setupCalls() + raceCalls()) * CALL_BYTES;
}

/** What is missing of the header and the calls is zero. */
function padInput(): void {
  const length = min<u32>(word(FuzzWord.LENGTH), INPUT_MAX);
  if (length < HEADER) memory.fill(input + length, 0, HEADER - length);
  const end = programBytes();
  if (length < end) memory.fill(input + length, 0, end - length);
  setWord(FuzzWord.LENGTH, max(length, end));
  setWord(FuzzWord.SCHEDULE_AT, end);
}

let theme: u32 = 0;

/** What the program is about, and so which list its calls are named in. */
export function themeOf(): u32 {
  return (load<u8>(input) / FUZZ_TASKS) % Theme.COUNT;
}

function entryOf(call: u32, builds: bool): u32 {
  return namedIn(listOf(theme, builds), call);
}

/** Whether a call can be made in `mm`: a guest's mm has calls of its own, and no others. */
function fits(flags: u32, mm: u32): bool {
  if ((flags & CallFlag.FILE_ONLY) != 0) return true;
  return ((flags & CallFlag.GUEST) != 0) == (theme == Theme.GUESTS && mm == GUEST_MM);
}

/** Which mm each CPU runs: those of the tasks always run one. */
function readCpus(tasks: u32): void {
  for (let mm: u32 = 0; mm < FUZZ_MMS; mm++) {
    setSlot(users, mm, 0);
    setSlot(bystanders, mm, 0);
  }
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) {
    const byte: u32 = load<u8>(input + 1 + cpu);
    const mm = cpu < tasks ? byte % FUZZ_MMS : byte % (FUZZ_MMS + 1);
    setSlot(cpuMm, cpu, mm == FUZZ_MMS ? NOBODY : mm);
    if (mm == FUZZ_MMS) continue;
    if (cpu < tasks) setSlot(users, mm, slot(users, mm) | (1 << cpu));
    else setSlot(bystanders, mm, 1);
  }
}

function taskOfCall(at: u32, tasks: u32): u32 {
  return load<u8>(at + 1) % tasks;
}

/** Adds the mms that tasks switch to. */
function readUsers(tasks: u32): void {
  const first = setupCalls();
  const end = first + raceCalls();
  for (let i = first; i < end; i++) {
    const at = callAt(i);
    if ((get(entryOf(load<u8>(at), false) + CallEntry.FLAGS) & CallFlag.SWITCHES) == 0) continue;
    const mm = switchTarget(at + 2);
    setSlot(users, mm, slot(users, mm) | (1 << taskOfCall(at, tasks)));
  }
}

function loadCpus(): void {
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) {
    const mm = slot(cpuMm, cpu);
    if (mm != NOBODY) switchMm(cpu, mm);
  }
}

let decodedCount: u32 = 0;

function note(task: u32, cpu: u32, mm: u32, script: u32, call: u32): void {
  const record = decoded + decodedCount * Decoded.WORDS;
  put(record + Decoded.TASK, task);
  put(record + Decoded.CPU, cpu);
  put(record + Decoded.MM, mm);
  put(record + Decoded.SCRIPT, script);
  put(record + Decoded.CALL, call);
  decodedCount++;
}

function cpuOf(mm: u32): u32 {
  for (let cpu: u32 = 0; cpu < FUZZ_CPUS; cpu++) if (slot(cpuMm, cpu) == mm) return cpu;
  return NOBODY;
}

function start(task: u32, cpu: u32, mm: u32, script: u32, end: u32): void {
  const record = taskAt(task);
  put(record + Task.CPU, cpu);
  put(record + Task.MM, mm);
  put(record + Task.DONE, 0);
  put(record + Task.SCRIPT, script);
  put(record + Task.SCRIPT_END, end);
  nextCall(record);
}

/** The guest's mm mirrors its host's: a call of its own before all others. Gives the end of it, NOBODY if it fails. */
function makeGuest(): u32 {
  const cpu = cpuOf(GUEST_MM);
  if (theme != Theme.GUESTS || cpu == NOBODY) return 0;
  put(scriptBase, get(table + word(FuzzWord.MIRROR) * CallEntry.WORDS + CallEntry.ENTRY));
  put(scriptBase + 1, 1);
  put(scriptBase + 2, Reg.NEW_START);
  putLong(scriptBase + 3, <u64>HOST_MM);
  note(SETUP_TASK, cpu, GUEST_MM, 0, 0);
  start(0, cpu, GUEST_MM, 0, 5);
  return runAlone(0, SETUP_STEPS) == Status.FINISHED ? 5 : NOBODY;
}

/** Runs the set-up, call by call. Gives the first free word of the script region. */
function runSetup(): u32 {
  let script = makeGuest();
  if (script == NOBODY) return NOBODY;
  const count = setupCalls();
  for (let i: u32 = 0; i < count; i++) {
    const at = callAt(i);
    const mm = load<u8>(at + 1) % FUZZ_MMS;
    const cpu = cpuOf(mm);
    if (cpu == NOBODY) continue;
    const entry = entryOf(load<u8>(at), true);
    if (!fits(get(entry + CallEntry.FLAGS), mm)) continue;
    const end = writeCall(entry, at + 2, script);
    note(SETUP_TASK, cpu, mm, script, i);
    start(0, cpu, mm, script, end);
    if (runAlone(0, SETUP_STEPS) != Status.FINISHED) return NOBODY;
    script = end;
  }
  return script;
}

/** Writes a task's calls, without those that cannot be made, and takes it to its first step. */
function writeTask(task: u32, tasks: u32, from: u32): u32 {
  const first = setupCalls();
  const end = first + raceCalls();
  const home = slot(cpuMm, task);
  let mm = home;
  // 0 the mm is in use, 1 the CPU is lazy, 2 the mm is gone.
  let away: u32 = 0;
  let script = from;
  let gone = NOBODY;
  for (let i = first; i < end; i++) {
    const at = callAt(i);
    if (taskOfCall(at, tasks) != task) continue;
    const entry = entryOf(load<u8>(at), false);
    const flags = get(entry + CallEntry.FLAGS);
    if (!fits(flags, mm) || (task != 0 && (flags & CallFlag.ALONE) != 0)) continue;
    if ((flags & CallFlag.SWITCHES) != 0) {
      const next = switchTarget(at + 2);
      if (next == gone) continue;
      mm = next;
      away = 0;
    } else if (away != 0 && (flags & CallFlag.FILE_ONLY) == 0) continue;
    if ((flags & CallFlag.EXITS) != 0) {
      if (slot(users, mm) != <u32>(1 << task) || slot(bystanders, mm) != 0) continue;
      gone = mm;
      away = 2;
    }
    if ((flags & CallFlag.IDLES) != 0) away = 1;
    note(task, task, home, script, i);
    script = writeCall(entry, at + 2, script);
  }
  start(task, task, home, from, script);
  return script;
}

/** The counters of the set-up are not the race's. */
function clearTallies(): void {
  memory.fill(stateBase << 2, 0, Tally.WORDS << 2);
  setRun(Run.VIOLATIONS, 0);
}

/** Steps of the last set-up; words of the scripts of all its calls. */
export let setupSteps: u32 = 0;
export let scriptEnd: u32 = 0;

/** Brings the machine to the start of the race of the input. False when the set-up itself goes wrong. */
export function prepare(): bool {
  padInput();
  resetToBoot();
  setRun(Run.VIOLATIONS, 0);
  decodedCount = 0;
  const tasks = tasksOf();
  theme = themeOf();
  useTheme(theme);
  setWord(FuzzWord.TASKS, tasks);
  setHardware(theme);
  readCpus(tasks);
  readUsers(tasks);
  setFiles(theme);
  loadCpus();
  let script = runSetup();
  setupSteps = get(tally(Tally.STEPS));
  if (script == NOBODY || get(tally(Tally.VIOLATIONS)) != 0) return false;
  for (let task: u32 = 0; task < tasks; task++) script = writeTask(task, tasks, script);
  scriptEnd = script;
  setWord(FuzzWord.DECODED_COUNT, decodedCount);
  clearTallies();
  saveInitial();
  return true;
}
