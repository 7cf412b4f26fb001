/**
 * Values of options: numbers in their ranges, lists of names. Each mistake is one clear line.
 */
import { excerpt, InputError } from "../error.js";

/** A parser of whole numbers for commander. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InputError(`${excerpt(text)} is no whole number from ${least} to ${most}`, {
      source: option,
      remedy: `give a number in that range, such as ${option} ${Math.min(most, Math.max(least, 100_000))}`,
    });
  };
}

/** A parser of seconds, whole or with a fraction, for commander. */
export function secondsNumber(option: string, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= most) return value;
    throw new InputError(`${excerpt(text)} is no number of seconds above 0 and up to ${most}`, {
      source: option,
      remedy: `give a number in that range, such as ${option} 10`,
    });
  };
}

/** A parser of comma-separated names; an option that is given twice adds up. */
export function names(option: string): (text: string, before?: readonly string[]) => readonly string[] {
  return (text, before = []) => {
    const found = text.split(",").map((name) => name.trim());
    if (found.some((name) => name === "")) {
      throw new InputError(`${excerpt(text)} has an empty name`, {
        source: option,
        remedy: `separate names by commas, such as ${option} a,b, or give ${option} all`,
      });
    }
    return [...new Set([...before, ...found])];
  };
}

/** Names as the library takes them: nothing and "all" are everything. */
export function namesOrAll(found: readonly string[] | undefined): readonly string[] | "all" {
  return found === undefined || found.includes("all") ? "all" : found;
}

/** A parser of one name out of several. */
export function oneOf<T extends string>(option: string, known: readonly T[]): (text: string) => T {
  return (text) => {
    const found = known.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InputError(`there is no ${excerpt(text)}`, {
      source: option,
      remedy: `choose one of: ${known.join(", ")}`,
    });
  };
}

/** A parser of key=value pairs, separated by commas; an option that is given twice adds up. */
export function settings(
  option: string,
): (text: string, before?: Readonly<Record<string, string>>) => Readonly<Record<string, string>> {
  return (text, before = {}) => {
    const pairs = text.split(",").map((pair) => {
      const match = /^\s*([A-Za-z][\w-]*)=([^=]+?)\s*$/.exec(pair);
      if (match !== null) return [match[1] as string, match[2] as string] as const;
      throw new InputError(`${excerpt(pair)} is no key=value pair`, {
        source: option,
        remedy: `separate pairs by commas, such as ${option} cpus=4,variant=late`,
      });
    });
    return { ...before, ...Object.fromEntries(pairs) };
  };
}
