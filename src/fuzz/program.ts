/**
 * A decoded program as data: what each CPU runs, the files, the set-up, the tasks; and the same as a scenario.
 *
 * Only the core decodes inputs. What it made of one is read back from the script region, so there is no second decoder
 * that could differ.
 */
import { Decoded, FUZZ_TASKS, FuzzWord, HUGE_FILES, LARGE_FILE, SETUP_TASK } from "../../assembly/abi/fuzz.js";
import { Area, Base, Boot } from "../../assembly/abi/layout.js";
import { type ErratumName, errataNames } from "../boot.js";
import type { Call } from "../kernel/listing.js";
import type { CallStep, Scenario } from "../scenarios/scenario.js";
import { type Arena, ROOM } from "./arena.js";
import { randomCalls, type ThemeName, themeOf } from "./table.js";

export const MM_NAMES = ["A", "B", "C"] as const;

export interface ProgramCalls {
  readonly cpu: number;
  readonly mm: string;
  readonly calls: readonly CallStep[];
}

export interface Program {
  /** mm that each CPU runs at first; null is none. */
  readonly cpus: readonly (string | null)[];
  /** Pages of each file when the program begins. */
  readonly files: readonly number[];
  /** What it is about; hugetlb when it is not given. */
  readonly theme?: ThemeName | undefined;
  /** What is wrong with its hardware. */
  readonly errata?: readonly ErratumName[] | undefined;
  readonly setup: readonly ProgramCalls[];
  readonly tasks: readonly ProgramCalls[];
}

const nameOf = (mm: number): string => MM_NAMES[mm] ?? `mm${mm}`;

/** Arguments by name, from the words of one call in the script region. */
function readCall(arena: Arena, script: number): CallStep {
  const { machine } = arena;
  const at = machine.base(Base.SCRIPT) + script;
  const call = callAt(arena, machine.get(at));
  const byRegister = new Map<number, number>();
  for (let i = 0; i < machine.get(at + 1); i++) {
    byRegister.set(machine.get(at + 2 + 3 * i), machine.long(at + 3 + 3 * i));
  }
  const args = Object.entries(call.arguments).map(([name, reg]) => [name, byRegister.get(reg) ?? 0] as const);
  return { call: call.name, args: Object.fromEntries(args) };
}

function callAt(arena: Arena, entry: number): Call {
  const call = randomCalls.find((known) => arena.machine.entry(known) === entry);
  if (call === undefined) throw new Error(`the script names op ${entry}, where no call begins`);
  return call;
}

/** The program that the core has set up last. */
export function readProgram(arena: Arena): Program {
  const { machine } = arena;
  const setup: ProgramCalls[] = [];
  const tasks: { cpu: number; mm: string; calls: CallStep[] }[] = [];
  const input = machine.core.bytes().subarray(arena.get(FuzzWord.INPUT) * 4);
  const count = arena.get(FuzzWord.TASKS);
  const cpus = Array.from({ length: ROOM.cpus }, (_, cpu) => {
    const byte = input[1 + cpu] as number;
    const mm = cpu < count ? byte % ROOM.mms : byte % (ROOM.mms + 1);
    return mm === ROOM.mms ? null : nameOf(mm);
  });
  for (let task = 0; task < count; task++) tasks.push({ cpu: task, mm: cpus[task] as string, calls: [] });
  for (let i = 0; i < arena.get(FuzzWord.DECODED_COUNT); i++) {
    const at = arena.get(FuzzWord.DECODED) + i * Decoded.WORDS;
    const call = readCall(arena, machine.get(at + Decoded.SCRIPT));
    const task = machine.get(at + Decoded.TASK);
    if (task !== SETUP_TASK) tasks[task]?.calls.push(call);
    else setup.push({ cpu: machine.get(at + Decoded.CPU), mm: nameOf(machine.get(at + Decoded.MM)), calls: [call] });
  }
  const files = Array.from({ length: ROOM.files }, (_, file) => sizeOf(input[7] as number, file));
  const theme = themeOf(input[0] as number).name;
  const errata = errataNames(machine.get(Area.BOOT + Boot.ERRATA));
  return {
    ...(theme === "hugetlb" ? {} : { theme }),
    cpus,
    files,
    ...(errata.length === 0 ? {} : { errata }),
    setup,
    tasks,
  };
}

/** As setFiles() of assembly/fuzz/program.ts has it. */
function sizeOf(byte: number, file: number): number {
  return Math.max(ROOM.filePages - ((byte >> (2 * file)) & 3), 1);
}

/** The program as a race that check, replay and witness understand. */
export function scenarioOf(program: Program, name = "program"): Scenario {
  return {
    name,
    aliases: [],
    title: "a program that a fuzzer drew",
    bug: "open",
    commits: [],
    story: "",
    geometry: ROOM.geometry,
    mms: [...MM_NAMES],
    cpus: program.cpus,
    ...filesOf(program),
    ...(program.errata === undefined ? {} : { errata: program.errata }),
    setup: program.setup,
    room: ROOM,
    cases: [
      {
        name: "race",
        tasks: program.tasks.map((task, i) => ({ ...task, name: taskName(program, i) })),
      },
    ],
    always: [],
    sometimes: [],
  };
}

/** In the theme of files none is of hugetlbfs, and the first has large folios. */
function filesOf({ theme, files }: Program): Pick<Scenario, "files" | "pageFiles"> {
  if (theme === "files") return { files: [], pageFiles: files.map((pages, i) => ({ pages, large: i === LARGE_FILE })) };
  return { files: files.slice(0, HUGE_FILES), pageFiles: files.slice(HUGE_FILES).map((pages) => ({ pages })) };
}

/** A1 is the first task of mm A. */
function taskName(program: Program, task: number): string {
  const { mm } = program.tasks[task] as ProgramCalls;
  const before = program.tasks.slice(0, task).filter((other) => other.mm === mm).length;
  return `${mm}${before + 1}`;
}

/** Agents of the fuzzing machine by their numbers on a machine with `tasks` tasks: interrupts come after the tasks. */
export const agentOn = (tasks: number, agent: number): number =>
  agent < FUZZ_TASKS ? agent : agent - FUZZ_TASKS + tasks;

const number = (value: number): string => (value > 9 ? `0x${value.toString(16)}` : String(value));

export function callText({ call, args }: CallStep): string {
  const name = typeof call === "string" ? call : call.name;
  return `${name}(${Object.entries(args)
    .map(([key, value]) => `${key} ${number(value)}`)
    .join(", ")})`;
}
