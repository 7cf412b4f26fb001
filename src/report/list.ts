/**
 * What there is, by name: editions, back-ends, scenarios, calls, geometries. Data first, then the table of it.
 */
import { type Bug, bugs } from "../explore/catalogue.js";
import { geometries } from "../geometry.js";
import { backends } from "../kernel/arch/backends.js";
import { calls } from "../kernel/calls.js";
import { editions, recorded } from "../kernel/editions.js";
import type { StructureSpec, TlbGeometry } from "../replay/geometry.js";
import { tlbs } from "../replay/presets.js";
import { models, scenarios } from "../scenarios/index.js";
import type { Look } from "./paint.js";
import { type Column, table } from "./text.js";

interface Listed {
  readonly items: readonly object[];
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

const title: Column = { head: "what it is", flexible: true, least: 30 };

const makers = {
  editions: (): Listed => ({
    items: [...editions, ...recorded],
    columns: [{ head: "edition" }, { head: "made from" }, { head: "commit" }, title],
    rows: [...editions, ...recorded].map((e) => [e.name, e.base === e.name ? "" : e.base, e.commit ?? "", e.title]),
  }),
  backends: (): Listed => ({
    items: backends.map(({ name, title }) => ({ name, title })),
    columns: [{ head: "back-end" }, title],
    rows: backends.map((b) => [b.name, b.title]),
  }),
  scenarios: (): Listed => ({
    items: [...scenarios, ...models].map((s) => ({
      name: s.name,
      title: s.title,
      aliases: s.aliases,
      bug: s.bug,
      commits: s.commits,
      cases: s.cases.map((which) => which.name),
      geometry: s.geometry,
      story: s.story,
      ...(s.vulnerable === undefined ? {} : { vulnerable: s.vulnerable }),
      ...(s.fixed === undefined ? {} : { fixed: s.fixed }),
      ...(s.parameters === undefined ? {} : { parameters: s.parameters }),
    })),
    columns: [{ head: "scenario" }, { head: "also" }, { head: "bug" }, { head: "cases" }, title],
    rows: [...scenarios, ...models].map((s) => [
      s.name,
      s.aliases.join("\n"),
      s.bug,
      s.cases.map((c) => c.name).join(", "),
      s.title,
    ]),
  }),
  bugs: (): Listed => ({
    items: bugs().map(({ scenarios: shown, ...rest }) => ({ ...rest, scenarios: shown.map((s) => s.name) })),
    columns: [
      { head: "bug" },
      { head: "CVE" },
      { head: "commits" },
      { head: "kernels", flexible: true, least: 12 },
      { head: "scenario", flexible: true, least: 20 },
      title,
    ],
    rows: bugs().map((b) => [b.id, b.cve.join("\n"), b.commits.join("\n"), b.kernels, shownBy(b), b.title]),
  }),
  calls: (): Listed => ({
    items: calls.map((c) => ({ name: c.name, file: c.listing.file, arguments: Object.keys(c.arguments) })),
    columns: [{ head: "call" }, { head: "arguments" }, { head: "kernel file" }],
    rows: calls.map((c) => [c.name, Object.keys(c.arguments).join(", "), c.listing.file]),
  }),
  geometries: (): Listed => ({
    items: geometries,
    columns: [{ head: "geometry" }, title],
    rows: geometries.map((g) => [g.name, g.title]),
  }),
  tlbs: (): Listed => ({
    items: tlbs.map(({ name, policy, structures, origins, note }) => ({ name, policy, structures, origins, note })),
    columns: [
      { head: "TLB" },
      { head: "part" },
      { head: "entries", align: "right" },
      { head: "ways", align: "right" },
      { head: "rests on" },
      { head: "where it is from", flexible: true, least: 30 },
    ],
    rows: tlbs.flatMap((tlb) => [...Object.entries(tlb.structures).map(structureRow(tlb)), noteRow(tlb)]),
  }),
} as const;

/** One row a structure; the name stands in the first. */
function structureRow({ name, origins }: TlbGeometry) {
  return ([part, { entries, ways }]: [string, StructureSpec], index: number): string[] => {
    const origin = origins?.[part];
    const way = entries === ways ? "all" : `${ways}`;
    const size = entries === 0 ? ["none", ""] : [`${entries}`, way];
    return [index === 0 ? name : "", part, ...size, origin?.basis ?? "", origin?.text ?? ""];
  };
}

const noteRow = ({ note }: TlbGeometry): string[] => ["", "", "", "", "not simulated", note ?? ""];

/** The scenarios of a bug, or what is missing to have one. */
function shownBy(bug: Bug): string {
  return bug.missing === undefined ? bug.scenarios.map((s) => s.name).join("\n") : `not modelled: ${bug.missing}`;
}

export type Listable = keyof typeof makers;

export const listables = Object.keys(makers) as readonly Listable[];

export const isListable = (name: string): name is Listable => Object.hasOwn(makers, name);

export interface ListResult {
  readonly schema: "shootdown/list@1";
  readonly what: Listable;
  readonly items: readonly object[];
}

export const list = (what: Listable): ListResult => ({ schema: "shootdown/list@1", what, items: makers[what]().items });

export function formatList(what: Listable, look: Look): string {
  const { columns, rows } = makers[what]();
  return `${table(columns, rows, look)}\n`;
}
