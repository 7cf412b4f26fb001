/**
 * From names to editions, back-ends and scenarios, with an answer that helps when a name does not exist.
 */
import { InputError } from "../error.js";
import { type Backend, backends, findBackend } from "../kernel/arch/backends.js";
import { type Edition, editions, findEdition, releases } from "../kernel/editions.js";
import { findScenario, findScenarios, models, pairOf, scenarios } from "../scenarios/index.js";
import type { Parameter, Scenario, Values } from "../scenarios/scenario.js";

function unknown(what: string, name: string, known: readonly string[]): InputError {
  return new InputError(`there is no ${what} "${name}"`, {
    source: what,
    remedy: `choose one of: ${known.join(", ")}`,
  });
}

export function chooseEdition(name: string): Edition {
  const found = findEdition(name);
  if (found === undefined)
    throw unknown(
      "edition",
      name,
      editions.map((edition) => edition.name),
    );
  return found;
}

export function chooseBackend(name: string): Backend {
  const found = findBackend(name);
  if (found === undefined)
    throw unknown(
      "backend",
      name,
      backends.map((backend) => backend.name),
    );
  return found;
}

export function chooseScenario(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined)
    throw unknown(
      "scenario",
      name,
      [...scenarios, ...models].map((scenario) => scenario.name),
    );
  return found;
}

/**
 * The editions to check a scenario in. Without names: its own pair, or every release when it has none. "all" is every
 * release, or the editions that the scenario names.
 */
export function chooseEditions(names: readonly string[] | "all" | undefined, scenario?: Scenario): readonly Edition[] {
  if (names === undefined) return (scenario && pairOf(scenario)?.map(chooseEdition)) ?? chooseEditions("all", scenario);
  if (names === "all") return scenario?.editions?.map(chooseEdition) ?? releases;
  return names.map(chooseEdition);
}

export function chooseBackends(names: readonly string[] | "all" | undefined): readonly Backend[] {
  return names === undefined || names === "all" ? backends : names.map(chooseBackend);
}

/** A name may stand for several: a CVE, a commit or a number of the catalogue means each scenario that shows it. */
export function chooseScenarios(names: readonly (string | Scenario)[] | undefined): readonly Scenario[] {
  if (names === undefined || names.length === 0) return scenarios;
  return names.flatMap((name) => {
    if (typeof name !== "string") return [name];
    const found = findScenarios(name);
    return found.length > 0 ? found : [chooseScenario(name)];
  });
}

interface Job {
  readonly scenario: Scenario;
  readonly edition: Edition;
  readonly backend: Backend;
}

/**
 * One check for each scenario, edition and back-end, in that order; a model that is the same everywhere has one. All
 * names are looked up before the first.
 */
export function checksOf(
  chosen: readonly Scenario[],
  editions: readonly string[] | "all" | undefined,
  backends: readonly string[] | "all" | undefined,
  set: Values = {},
): readonly Job[] {
  const machines = chooseBackends(backends);
  return chosen.flatMap((plain) => {
    const scenario = withValues(plain, set);
    const { runsAs } = scenario;
    if (runsAs !== undefined)
      return [{ scenario, edition: chooseEdition(runsAs.edition), backend: chooseBackend(runsAs.backend) }];
    return chooseEditions(editions, scenario).flatMap((edition) =>
      machines.map((backend) => ({ scenario, edition, backend })),
    );
  });
}

/** What a parameter can be, in words. */
export const rangeOf = ({ words, least, most }: Parameter): string =>
  words === undefined ? `${least} to ${most}` : words.join(", ");

function settingOf(parameter: Parameter, given: number | string): number | string {
  const { name, words, least = 0, most = Number.MAX_SAFE_INTEGER } = parameter;
  if (words?.includes(String(given))) return String(given);
  const number = words === undefined && /^\d{1,9}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new InputError(`${name} cannot be "${given}"`, { source: "--set", remedy: `give ${rangeOf(parameter)}` });
}

/** The scenario with some of its parameters set. Throws an InputError for one that it does not have. */
export function withValues(scenario: Scenario, set: Values): Scenario {
  const given = Object.entries(set);
  if (given.length === 0) return scenario;
  const { parameters = [], make } = scenario;
  const values: Record<string, number | string> = { ...scenario.values };
  for (const [name, value] of given) {
    const parameter = parameters.find((p) => p.name === name);
    if (parameter === undefined || make === undefined) {
      const known = parameters.map((p) => p.name).join(", ");
      throw new InputError(`${scenario.name} has no parameter "${name}"`, {
        source: "--set",
        remedy: known === "" ? "it has none: leave --set out" : `choose from: ${known}`,
      });
    }
    values[name] = settingOf(parameter, value);
  }
  return make === undefined ? scenario : make(values);
}
