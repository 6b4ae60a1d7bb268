import type { Gate, Obstacle } from "../gate.ts";
import type { Target } from "../upstream.ts";

/** Is told what gates do. */
export interface GateObserver {
  obstacle(gate: string, obstacle: Obstacle, target: Target): void;
  /** An attempt waited at a gate, ms. */
  waited(target: Target, ms: number): void;
}

/** Makes gates that do as they did, and tell what they hold back. For one gate it is always the same. */
export function gateWatcher(observer: GateObserver, tick: () => number): (gate: Gate) => Gate {
  const watched = new WeakMap<Gate, Gate>();
  return (gate) => {
    let made = watched.get(gate);
    if (!made) watched.set(gate, (made = watch(gate, observer, tick)));
    return made;
  };
}

function watch(gate: Gate, observer: GateObserver, tick: () => number): Gate {
  const { name } = gate;
  const told = (obstacle: Obstacle | undefined, target: Target): Obstacle | undefined => {
    if (obstacle) observer.obstacle(name, obstacle, target);
    return obstacle;
  };
  return {
    name,
    ...(gate.check && { check: (target, now, call) => told(gate.check?.(target, now, call), target) }),
    ...(gate.enter && {
      enter(attempt, call) {
        const entering = gate.enter?.(attempt, call);
        if (!(entering instanceof Promise)) return told(entering, attempt.target);
        const { target } = attempt;
        const since = tick();
        return entering.then((obstacle) => {
          if (tick() > since) observer.waited(target, tick() - since);
          return told(obstacle, target);
        });
      },
    }),
    leave: (attempt, call) => gate.leave?.(attempt, call),
    describe: (target, now) => gate.describe?.(target, now),
  };
}
