/**
 * From names to editions, back-ends and scenarios, with an answer that helps when a name does not exist.
 */
import { InputError } from "../error.js";
import { type Backend, backends, findBackend } from "../kernel/arch/backends.js";
import { type Edition, editions, findEdition, releases } from "../kernel/editions.js";
import { findScenario, findScenarios, pairOf, scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";

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
      scenarios.map((scenario) => scenario.name),
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

/** One check for each scenario, edition and back-end, in that order. All names are looked up before the first. */
export function checksOf(
  chosen: readonly Scenario[],
  editions: readonly string[] | "all" | undefined,
  backends: readonly string[] | "all" | undefined,
): readonly Job[] {
  const machines = chooseBackends(backends);
  return chosen.flatMap((scenario) =>
    chooseEditions(editions, scenario).flatMap((edition) =>
      machines.map((backend) => ({ scenario, edition, backend })),
    ),
  );
}
