/**
 * Models in which tasks do not get on: a deadlock, a livelock, a lost wake-up. Each has a variant that is right.
 *
 * They are about the search, not about a kernel: the shapes are those that kernel code has, on the locks that the
 * machine has. Two tasks of one mm, one on each CPU.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Call, type Line, type Lock, listing } from "../../kernel/listing.js";
import * as k from "../../kernel/ops.js";
import type { Parameter, Scenario, Values } from "../scenario.js";
import { sharedGib } from "../words.js";

interface Model {
  readonly name: string;
  readonly title: string;
  readonly story: string;
  /** The wrong variant, and the right one. */
  readonly wrong: string;
  readonly right: string;
  readonly shows: readonly string[];
  readonly tasks: (variant: string) => readonly [readonly Line[], readonly Line[]];
}

const done = (): readonly Line[] => at("out", k.ret_at_once());

/** One lock, then the other. */
const both = (first: Lock, second: Lock): Line[] => [
  k.lock_write(first),
  k.lock_write(second),
  k.unlock(second),
  k.unlock(first),
  ...done(),
];

/** One lock, and the other if it is free; else everything is dropped and tried again. */
const politely = (first: Lock, second: Lock): Line[] => [
  ...at("again", k.lock_write(first)),
  k.trylock_write(second, Reg.TMP),
  k.if_zero(Reg.TMP, "busy"),
  k.unlock(second),
  k.unlock(first),
  k.jump("out"),
  ...at("busy", k.unlock(first)),
  k.jump("again"),
  ...done(),
];

/** Looks whether the file is empty, as a step of its own. */
const look = (label: string): Line[] => [
  k.pause("i_size_read()", "looks whether the file is empty"),
  k.beyond_size(Reg.TMP),
  k.if_set(Reg.TMP, label),
];

const QUEUE = k.FAULT_OUTER;

const waiter = (variant: string): Line[] =>
  variant === "looks-first"
    ? [...look("out"), k.prepare_to_wait(QUEUE), k.sleep(QUEUE), ...done()]
    : [
        k.prepare_to_wait(QUEUE),
        ...look("there"),
        k.sleep(QUEUE),
        k.jump("out"),
        ...at("there", k.wake_up(QUEUE, "finish_wait()", "leaves the wait queue")),
        ...done(),
      ];

const models: readonly Model[] = [
  {
    name: "lock-cycle",
    title: "two locks, taken in two orders: a deadlock",
    story: "A1 takes mmap_lock and then i_mmap_rwsem; B1 takes them the other way round. Each may wait for the other.",
    wrong: "crossed",
    right: "ordered",
    shows: ["DEADLOCK", "LOCK_ORDER"],
    tasks: (variant) => [
      both(k.MMAP_LOCK, k.I_MMAP),
      variant === "crossed" ? both(k.I_MMAP, k.MMAP_LOCK) : both(k.MMAP_LOCK, k.I_MMAP),
    ],
  },
  {
    name: "trylock-dance",
    title: "two tasks that let each other pass, for ever: a livelock",
    story:
      "A1 holds mmap_lock and tries i_mmap_rwsem; B1 holds i_mmap_rwsem and tries mmap_lock. Who fails drops what it " +
      "has and begins again. Both may fail at every turn.",
    wrong: "crossed",
    right: "ordered",
    shows: ["LIVELOCK"],
    tasks: (variant) => [
      politely(k.MMAP_LOCK, k.I_MMAP),
      variant === "crossed" ? politely(k.I_MMAP, k.MMAP_LOCK) : politely(k.MMAP_LOCK, k.I_MMAP),
    ],
  },
  {
    name: "lost-wake-up",
    title: "a task that looks before it stands in the wait queue: a lost wake-up",
    story:
      "A1 waits until a file is empty. B1 empties it and wakes who waits. A1 that looks first, and then gets into " +
      "the wait queue, may sleep for ever: B1 came in between.",
    wrong: "looks-first",
    right: "queues-first",
    shows: ["LOST_WAKE_UP"],
    tasks: (variant) => [
      waiter(variant),
      [k.set(Reg.TMP, 0), k.write_size(Reg.TMP), k.wake_up(QUEUE), k.ret_at_once()],
    ],
  },
];

const call = (name: string, lines: readonly Line[]): Call => ({
  name,
  arguments: {},
  listing: listing("(progress)", name, lines),
});

function make(model: Model, values: Values): Scenario {
  const variant = String(values.variant);
  const [first, second] = model.tasks(variant);
  const parameter: Parameter = {
    name: "variant",
    title: `${model.wrong} is wrong, ${model.right} is right`,
    default: model.wrong,
    words: [model.wrong, model.right],
  };
  const step = (name: string, lines: readonly Line[]) => [{ call: call(name, lines), args: {} }];
  return {
    ...sharedGib,
    name: model.name,
    aliases: [],
    title: model.title,
    bug: "none",
    commits: [],
    story: model.story,
    cpus: ["A", "A"],
    setup: [],
    cases: [
      {
        name: variant,
        tasks: [
          { name: "A1", cpu: 0, mm: "A", calls: step("first", first) },
          { name: "B1", cpu: 1, mm: "A", calls: step("second", second) },
        ],
      },
    ],
    always: model.shows,
    sometimes: [],
    runsAs: { edition: "7.1", backend: "x86" },
    parameters: [parameter],
    values,
    make: (given) => make(model, given),
  };
}

export const progressModels: readonly Scenario[] = models.map((model) => make(model, { variant: model.wrong }));
