/**
 * Scenarios of one's own from a file: JavaScript, or TypeScript where something here can read it.
 */
import { statSync } from "node:fs";
import * as nodeModule from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../error.js";
import * as ops from "../kernel/ops.js";
import * as pageops from "../kernel/pageops.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { HookData } from "./hooks.js";
import { scenariosIn } from "./schema.js";

const NAMES = /\.(ts|mts|js|mjs)$/;
const GUIDE = "docs/authoring.md shows a whole file";

/** Whether an argument means a file with scenarios, and not the name of one. */
export const isScenarioFile = (argument: string): boolean => NAMES.test(argument);

/** Who makes JavaScript of TypeScript: Node itself, a typescript package (its path), or nobody. */
export function readerOfTypeScript(
  features: { readonly typescript?: unknown },
  find: () => string | undefined,
): "node" | { readonly path: string } | undefined {
  if (features.typescript === "strip" || features.typescript === "transform") return "node";
  const path = find();
  return path === undefined ? undefined : { path };
}

function findTypeScript(file: string): string | undefined {
  for (const from of [import.meta.url, file]) {
    try {
      return nodeModule.createRequire(from).resolve("typescript");
    } catch {
      // Not there: the next place.
    }
  }
  return undefined;
}

/** What stands in place of a reader of TypeScript. */
export const noReader = (source: string): InputError =>
  new InputError("neither this Node nor a typescript package here can read TypeScript", {
    source,
    remedy: "compile it or write it as .mjs, or use Node 22.18 or later, or npm install typescript beside it",
  });

/**
 * The scenarios of a file: its default export, or its export `scenarios`; its export `editions` belongs to each of
 * them. Throws an InputError that names what is wrong with the file.
 */
export async function loadScenarios(path: string): Promise<readonly Scenario[]> {
  const file = resolve(path);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile())
    throw new InputError("there is no such file", { source: path, remedy: "give the path of a .ts, .js or .mjs file" });
  if (!NAMES.test(file)) throw new InputError("this is no .ts, .js or .mjs file", { source: path, remedy: GUIDE });
  useHooks(file, path);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw explain(error, path);
  }
  return scenariosIn(exported, path);
}

let hooked = false;

function useHooks(file: string, path: string): void {
  const isTypeScript = /ts$/.test(file);
  const reader = readerOfTypeScript(process.features as { typescript?: unknown }, () => findTypeScript(file));
  if (isTypeScript && reader === undefined) throw noReader(path);
  if (hooked) return;
  hooked = true;
  process.setSourceMapsEnabled(true);
  const data: HookData = {
    entry: new URL("../index.js", import.meta.url).href,
    ...(typeof reader === "object" ? { typescript: pathToFileURL(reader.path).href } : {}),
  };
  nodeModule.register(new URL("./hooks.js", import.meta.url), { data });
}

/** An error of the file's own code, with its line, and the nearest names where a builder does not exist. */
function explain(error: unknown, path: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const line = lineIn(error, path);
  const place = { source: path, ...(line === undefined ? {} : { line }) };
  const [, missing] = /([\w.]+) is not a function/.exec(message) ?? [];
  if (missing !== undefined) {
    const near = nearest(missing.split(".").at(-1) as string);
    const remedy = near.length === 0 ? GUIDE : `did you mean ${near.join(", ")}?`;
    return new InputError(`there is no op or builder ${missing}()`, { ...place, remedy });
  }
  if (/of undefined \(reading '(ref|rank|name)'\)/.test(message)) {
    return new InputError("a lock that does not exist", { ...place, remedy: `the locks are ${locks().join(", ")}` });
  }
  // What cannot be parsed has said file and line itself.
  const [, at, said] = /^[^\s:]+:(\d+): (.*)/.exec(message) ?? [];
  if (at !== undefined && said !== undefined)
    return new InputError(said, { source: path, line: Number(at), remedy: `mend the file; ${GUIDE}` });
  return new InputError(message.split("\n")[0] ?? "", { ...place, remedy: `mend the file; ${GUIDE}` });
}

/** Line of the file at which an error was thrown, if its stack says so. */
function lineIn(error: unknown, path: string): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const file = resolve(path);
  const frame = (error.stack ?? "").split("\n").find((text) => text.includes(file));
  const found = /:(\d+)(?::\d+)?\)?$/.exec(frame?.trim() ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The locks by the names that a file writes. */
const locks = (): string[] =>
  [ops, pageops].flatMap((all) =>
    Object.entries(all).flatMap(([key, value]) => (typeof value === "object" && "rank" in value ? [key] : [])),
  );

/** Builders that share words with a name, those that share most of theirs first. */
function nearest(name: string): string[] {
  const words = name.toLowerCase().split("_");
  const builders = (space: string, all: object): string[] =>
    Object.entries(all).flatMap(([key, value]) => (typeof value === "function" ? [`${space}.${key}`] : []));
  const likeness = (full: string): number => {
    const parts = full.slice(full.indexOf(".") + 1).split("_");
    const shared = parts.filter((part) => words.includes(part)).length;
    return shared / (parts.length + words.length - shared);
  };
  return [...builders("ops", ops), ...builders("pageops", pageops)]
    .filter((full) => likeness(full) > 0)
    .sort((a, b) => likeness(b) - likeness(a))
    .slice(0, 4);
}
