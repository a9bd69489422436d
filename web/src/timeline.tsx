// When something was, as a bar on a line that all of them share.

import { duration } from "./format";

const NARROWEST = 1; // %, so that it can be seen

export interface Span {
  from: number; // ms since 1970
  to: number;
}

// `span` lies within `all`.
export function Timeline(props: { span: Span; all: Span }) {
  const { span, all } = props;
  const length = all.to - all.from;
  const share = (time: number) => (length > 0 ? (time / length) * 100 : 0);
  const width = length > 0 ? Math.max(share(span.to - span.from), NARROWEST) : 100;
  const left = Math.min(share(span.from - all.from), 100 - width);
  return (
    <div className="timeline" title={`spans ${duration((span.to - span.from) / 1000)}`}>
      <div style={{ left: `${left.toFixed(2)}%`, width: `${width.toFixed(2)}%` }} />
    </div>
  );
}
