import type { Counts, Tally } from "./counts.ts";

interface Rate {
  success_rate: number;
  total_requests: number;
}

/** What `/stats` answers. */
export interface Report {
  time_range: string;
  channel_model_success_rates: ({ provider: string; model: string } & Rate)[];
  channel_success_rates: ({ provider: string } & Rate)[];
  model_request_counts: { model: string; count: number }[];
  endpoint_request_counts: { endpoint: string; count: number }[];
  ip_request_counts: { ip: string; count: number }[];
}

export function reportOf(counts: Counts, hours: number): Report {
  const channels = [...counts.tried].map(([name, tried]) => {
    const [provider, model] = namesOf(name);
    return { provider, model, tried, succeeded: counts.succeeded.get(name) ?? 0 };
  });
  const byProvider = new Map<string, { tried: number; succeeded: number }>();
  for (const { provider, tried, succeeded } of channels) {
    const sum = byProvider.get(provider) ?? { tried: 0, succeeded: 0 };
    byProvider.set(provider, { tried: sum.tried + tried, succeeded: sum.succeeded + succeeded });
  }
  return {
    time_range: `Last ${hours} hours`,
    channel_model_success_rates: channels
      .map(({ provider, model, ...one }) => ({ provider, model, ...rateOf(one) }))
      .sort(byRate),
    channel_success_rates: [...byProvider]
      .map(([provider, one]) => ({ provider, ...rateOf(one) }))
      .sort(byRate),
    model_request_counts: most(counts.models).map(([model, count]) => ({ model, count })),
    endpoint_request_counts: most(counts.endpoints).map(([endpoint, count]) => ({ endpoint, count })),
    ip_request_counts: most(counts.ips).map(([ip, count]) => ({ ip, count })),
  };
}

function namesOf(name: string): [provider: string, model: string] {
  try {
    const [provider, model] = JSON.parse(name) as [string, string];
    return [provider, model];
  } catch {
    return [name, ""];
  }
}

function rateOf({ tried, succeeded }: { tried: number; succeeded: number }): Rate {
  return { success_rate: tried === 0 ? 0 : succeeded / tried, total_requests: tried };
}

function byRate(a: Rate, b: Rate): number {
  return b.success_rate - a.success_rate || b.total_requests - a.total_requests;
}

function most(tally: Tally): [string, number][] {
  return [...tally].sort(([, a], [, b]) => b - a);
}
