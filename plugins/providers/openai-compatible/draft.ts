import { GatewayError } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";

/** A body that is copied only once something in it changes. */
export class Draft {
  #body: Fields;
  #changed = false;
  readonly #strict: string | undefined;

  /** @param strict The upstream's name, where losing a member is refused. */
  constructor(body: Fields, strict?: string) {
    this.#body = body;
    this.#strict = strict;
  }

  get(name: string): unknown {
    return this.#body[name];
  }

  set(name: string, value: unknown): void {
    this.#own()[name] = value;
  }

  remove(name: string): void {
    if (name in this.#body) delete this.#own()[name];
  }

  /** Removes a member that cannot be said. Throws a 400 GatewayError where that is refused. */
  drop(name: string): void {
    const value = this.#body[name];
    if (value !== undefined && value !== null) this.lose(name);
    this.remove(name);
  }

  /** Notes that something cannot be said. Throws a 400 GatewayError where that is refused. */
  lose(name: string): void {
    if (this.#strict === undefined) return;
    const message = `The upstream ${this.#strict} has nothing that says ${name}.`;
    throw new GatewayError(message, { status: 400, code: "unsupported_field", param: name });
  }

  /** Undefined where nothing was changed. */
  result(): Fields | undefined {
    return this.#changed ? this.#body : undefined;
  }

  #own(): Fields {
    if (!this.#changed) this.#body = { ...this.#body };
    this.#changed = true;
    return this.#body;
  }
}
