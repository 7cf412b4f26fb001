/**
 * What a scenario file must export, field by field; a field that is left out gets what most scenarios have.
 */
import { z } from "zod";
import { InputError } from "../error.js";
import { geometries } from "../geometry.js";
import { calls, findCall } from "../kernel/calls.js";
import { type Edition, findEdition, orderOf } from "../kernel/editions.js";
import type { Call } from "../kernel/listing.js";
import { sometimesNames, violationKinds } from "../names.js";
import type { CallStep, Scenario } from "../scenarios/scenario.js";
import { ARGUMENTS } from "./registers.js";

const GUIDE = "docs/authoring.md has the fields";
const NAME = /^[A-Za-z0-9][\w.+-]*$/;
const name = z.string().regex(NAME, "a name has letters, digits, and . _ + - inside");
const count = z.number().int().min(0).max(64);
const text = z.string();

const ownCall = z.strictObject({
  name,
  arguments: z.record(
    text,
    z
      .number("a register such as reg.START")
      .int()
      .min(0)
      .max(ARGUMENTS - 1, "arguments go to the registers START to VALUE"),
  ),
  listing: z.custom<Call["listing"]>(
    (value) => typeof value === "object" && value !== null,
    "no listing: use listing()",
  ),
});

const step = z.strictObject({
  call: z.union([z.string(), ownCall], "the name of a call, or { name, arguments, listing }"),
  args: z.record(text, z.number().int().min(0)).default({}),
});

const task = z.strictObject({ name, cpu: count, mm: text, calls: z.array(step).min(1) });

const scenario = z.strictObject({
  name,
  title: text.optional(),
  aliases: z.array(text).default([]),
  bug: text.default("open"),
  cve: z.array(text).optional(),
  commits: z.array(text).default([]),
  kernels: text.optional(),
  known: text.optional(),
  vulnerable: text.optional(),
  fixed: text.optional(),
  editions: z.array(text).optional(),
  story: text.default(""),
  geometry: z.enum(geometries.map((g) => g.name) as [string, ...string[]]).default("tiny"),
  mms: z.array(name).min(1),
  cpus: z.array(z.union([text, z.null()])).min(1),
  files: z.array(count.min(1)).default([]),
  pageFiles: z.array(z.strictObject({ pages: count.min(1), large: z.boolean().optional() })).optional(),
  batch: count.min(1).optional(),
  setup: z.array(z.strictObject({ cpu: count, mm: text, calls: z.array(step) })).default([]),
  cases: z.array(z.strictObject({ name, since: text.optional(), tasks: z.array(task).min(1) })).min(1),
  always: z.array(z.enum(violationKinds as [string, ...string[]])).default([]),
  sometimes: z.array(z.enum(sometimesNames(-1) as [string, ...string[]])).default([]),
});

const edition = z.strictObject({
  name,
  base: text,
  title: text.optional(),
  patch: text.optional(),
  commit: text.optional(),
  with: z.array(text).optional(),
  without: z.array(text).optional(),
});

/** A scenario as a file may give it: the fields without a default, and any of the others. */
export type OwnScenario = z.input<typeof scenario>;
/** An edition as a file may give it. */
export type OwnEdition = z.input<typeof edition>;

/** The scenarios that the exports of a module hold. */
export function scenariosIn(exported: Readonly<Record<string, unknown>>, source: string): readonly Scenario[] {
  const given = exported.default ?? exported.scenarios;
  if (given === undefined)
    throw new InputError("exports no scenario", { source, remedy: "export one as default, or several as `scenarios`" });
  const editions = exported.editions === undefined ? [] : listOf(exported.editions);
  const own = editions.map((value, i) => editionOf(value, `editions[${i}]`, source));
  const several = Array.isArray(given);
  const found = listOf(given).map((value, i) => scenarioOf(value, several ? `scenarios[${i}]` : "", own, source));
  if (found.length === 0) throw new InputError("exports an empty list", { source, remedy: GUIDE });
  return found;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function parsed<T>(schema: z.ZodType<T>, value: unknown, where: string, source: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // A field that does not exist explains why another one is missing.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = [where, ...(issue?.path ?? []).map(String)].filter((part) => part !== "").join(".");
  throw new InputError(`${path === "" ? "the scenario" : path}: ${issue?.message}`, { source, remedy: GUIDE });
}

function editionOf(value: unknown, where: string, source: string): Edition {
  const { title, ...found } = parsed(edition, value, where, source);
  const refuse = (what: string, remedy: string): never => {
    throw new InputError(`${where}: ${what}`, { source, remedy });
  };
  try {
    orderOf(found.base);
  } catch {
    refuse(`base: "${found.base}" is no release`, 'give one such as "5.19"');
  }
  if (findEdition(found.name) !== undefined) refuse(`name: "${found.name}" is an edition already`, "choose another");
  return { ...found, title: title ?? found.name } as Edition;
}

function scenarioOf(value: unknown, where: string, own: readonly Edition[], source: string): Scenario {
  const found = parsed(scenario, value, where, source);
  const made = {
    ...found,
    title: found.title ?? found.name,
    ...(own.length === 0 ? {} : { ownEditions: own }),
  } as Scenario;
  checkNames(made, (place, what, remedy) => {
    throw new InputError(`${[where, place].filter((part) => part !== "").join(".")}: ${what}`, { source, remedy });
  });
  return made;
}

type Refuse = (place: string, what: string, remedy: string) => never;

/** Names that a scenario uses and does not have. */
function checkNames(made: Scenario, refuse: Refuse): void {
  const { mms, cpus, cases, setup } = made;
  const mustBeMm = (mm: string, place: string): void => {
    if (!mms.includes(mm)) refuse(place, `there is no mm "${mm}"`, `mms has: ${mms.join(", ")}`);
  };
  const mustBeCpu = (cpu: number, place: string): void => {
    if (cpu >= cpus.length) refuse(place, `there is no CPU${cpu}`, `cpus has CPU0 to CPU${cpus.length - 1}`);
  };
  cpus.forEach((mm, cpu) => {
    if (mm !== null) mustBeMm(mm, `cpus.${cpu}`);
  });
  const checkOne = (one: { cpu: number; mm: string; calls: readonly CallStep[] }, place: string): void => {
    mustBeMm(one.mm, `${place}.mm`);
    mustBeCpu(one.cpu, `${place}.cpu`);
    one.calls.forEach((call, i) => {
      checkCall(made, call, `${place}.calls.${i}`, refuse);
    });
  };
  setup.forEach((one, i) => {
    checkOne(one, `setup.${i}`);
  });
  cases.forEach(({ tasks }, c) => {
    tasks.forEach((one, t) => {
      const place = `cases.${c}.tasks.${t}`;
      checkOne(one, place);
      if (tasks.findIndex((other) => other.cpu === one.cpu) !== t)
        refuse(`${place}.cpu`, `two tasks run on CPU${one.cpu}`, "give each its own");
    });
  });
}

function callOf(call: string | Call, place: string, refuse: Refuse): Call {
  const found = typeof call === "string" ? findCall(call) : call;
  const names = calls.map((one) => one.name).join(", ");
  return found ?? refuse(`${place}.call`, `there is no call "${call}"`, `choose one of: ${names}`);
}

function checkCall(made: Scenario, { call, args }: CallStep, place: string, refuse: Refuse): void {
  const found = callOf(call, place, refuse);
  const known = Object.keys(found.arguments);
  for (const [argument, value] of Object.entries(args)) {
    if (!known.includes(argument)) {
      const remedy = known.length === 0 ? "it takes none" : `it takes: ${known.join(", ")}`;
      refuse(`${place}.args`, `${found.name} has no argument "${argument}"`, remedy);
    }
    const files = made.files.length + (made.pageFiles?.length ?? 0);
    // mmap counts files from 1: 0 is anonymous memory.
    if (argument === "file" && value >= files + (call === "mmap" ? 1 : 0))
      refuse(`${place}.args.file`, `there is no file ${value}`, `the scenario has ${files}; mmap counts them from 1`);
    if (argument === "mm" && value >= made.mms.length)
      refuse(`${place}.args.mm`, `there is no mm ${value}`, `the scenario has ${made.mms.length}, counted from 0`);
  }
}
