import { definePlugin } from "../../core/index.ts";
import { affinity } from "./affinity.ts";
import { errorRate } from "./error-rate.ts";
import { leastBusy } from "./least-busy.ts";
import { lottery } from "./lottery.ts";
import { lowestLatency } from "./lowest-latency.ts";
import { options } from "./options.ts";
import { order } from "./order.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import { weightedRuns } from "./weighted-runs.ts";
import { weighted } from "./weighted.ts";

/** The built-in strategies: each a file, and a line here. */
export default definePlugin({
  name: "strategies",
  options,
  setup(options, gateway) {
    const { clock } = gateway;
    const latency = lowestLatency(options["lowest-latency"], gateway);
    return {
      strategy: [
        order,
        roundRobin,
        weighted,
        weightedRuns,
        lottery(clock),
        random(clock),
        leastBusy(),
        latency,
        errorRate(clock),
        affinity(options.affinity),
      ],
      close: latency.close,
    };
  },
});
