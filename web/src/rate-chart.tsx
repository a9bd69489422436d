// Messages a second, since the page was last opened or looked at again.

import { duration, rate } from "./format";

const WIDTH = 600;
const HEIGHT = 90;
const SHORTEST = 60_000; // ms: what came in less doesn't fill the width

export interface Sample {
  at: number; // ms
  rate: number;
}

export function RateChart(props: { samples: Sample[] }) {
  const { samples } = props;
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (!first || !last || last.at === first.at) {
    return null;
  }
  const highest = Math.max(...samples.map((sample) => sample.rate));
  const span = Math.max(last.at - first.at, SHORTEST);
  const xOf = (at: number) => (WIDTH - ((last.at - at) / span) * WIDTH).toFixed(1);
  const points = samples
    .map(({ at, rate: value }) => {
      const y = HEIGHT - (value / Math.max(highest, 1)) * (HEIGHT - 4);
      return `${xOf(at)},${y.toFixed(1)}`;
    })
    .join(" ");
  return (
    <figure className="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Messages a second, now ${rate(last.rate)}`}
      >
        <polygon points={`${xOf(first.at)},${HEIGHT} ${points} ${WIDTH},${HEIGHT}`} />
        <polyline points={points} />
      </svg>
      <figcaption>
        messages a second, of the last {duration(span / 1000)} · now {rate(last.rate)} · highest{" "}
        {rate(highest)}
      </figcaption>
    </figure>
  );
}
