import { GatewayError } from "../errors.ts";
import { transportError } from "../transport/failure.ts";
import type { Outcome } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { World } from "../world.ts";
import type { Answering, SimulatedCall } from "./simulated-call.ts";
import type { Statistics } from "./statistics.ts";

/** Stands in for the clients: they read each answer to its end, as fast as it comes. */
export function simulatedClients(clock: Clock, statistics: Statistics): World["deliver"] {
  return (given, response, done) => {
    const call = given as SimulatedCall;
    // Not the response itself: what waits for the end would keep it.
    const { status } = response;
    const answering = status < 400 && !call.error ? call.answering : undefined;
    const firstByte = clock.tick() - call.startedTick;

    const end = (result: Outcome["result"], error?: GatewayError): void => {
      call.over = true;
      call.error ??= error;
      const outcome = outcomeOf(call, status, answering, { result, firstByte, end: clock.tick() });
      tell(statistics, call, answering, outcome);
      done(outcome);
    };

    if (!answering || answering.rest === 0) {
      end("complete");
      return response;
    }
    // Nothing more is tried. Many calls are under way at once: what they do not hold costs no memory.
    call.targets = undefined;
    const forget = call.canceller.onCancel((reason) => {
      callOff();
      end("broken", GatewayError.from(reason));
    });
    const callOff = clock.after(answering.rest, () => {
      forget();
      if (answering.cut) end("broken", transportError("connection_lost", undefined));
      else end("complete");
    });
    return response;
  };
}

function outcomeOf(
  call: SimulatedCall,
  status: number,
  answering: Answering | undefined,
  { result, firstByte, end }: { result: Outcome["result"]; firstByte: number; end: number },
): Outcome {
  const { inputTokens, outputTokens } = call.arrival;
  if (answering) call.usage = { inputTokens, outputTokens };
  const duration = end - call.startedTick;
  return { status, result, error: call.error, usage: call.usage, bytes: 0, firstByte, duration };
}

function tell(
  statistics: Statistics,
  call: SimulatedCall,
  answering: Answering | undefined,
  { status, result, error, firstByte = 0, duration }: Outcome,
): void {
  if (answering) statistics.end(answering.seen, result === "complete" ? undefined : "broken");
  const { at, inputTokens, outputTokens } = call.arrival;
  statistics.finish({
    came: at,
    target: answering?.target,
    whole: result === "complete",
    status,
    code: error?.code ?? (answering ? "" : "upstream's answer"),
    limit: error?.limit,
    attempts: call.attempts.length,
    firstByte,
    duration,
    inputTokens,
    outputTokens,
  });
}
